export { kubeCluster, type KubeCluster, type Term } from './cluster.js'
export { namespacesFrom } from './namespaces.js'
