export { podPlan } from './pod-plan.js'
export { localCluster, type LocalCluster } from './local-cluster.js'
export type { LocalOptions, ReplicaView } from './options.js'
export { belowHome, stateFolderOf } from './state-folder.js'
