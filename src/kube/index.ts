export { kubeCluster, type KubeCluster, type Term } from './cluster.js'
export type { WebhookOptions } from './admission/webhook.js'
export { namespacesFrom } from './namespaces.js'
