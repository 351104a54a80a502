export { localCluster, type LocalCluster } from './local-cluster.js'
export type { LocalOptions, ReplicaView } from './options.js'
export { stateFolderOf } from './state-folder.js'
