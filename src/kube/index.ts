export { kubeCluster, type KubeCluster, type Term } from './cluster.js'
