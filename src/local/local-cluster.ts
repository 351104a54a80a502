import { TidegateError } from '../core/errors.js'
import type { Workload } from '../api/workload/index.js'
import type { EndpointSource, JobRunner, ObjectReader, ObjectRef, ScaleTarget, StateStore, Workloads } from '../runtime/ports.js'
import type { Problem } from '../spec/problem.js'
import { Cluster } from './cluster.js'
import { followedReplicas } from './followed-replicas.js'
import type { LocalOptions, ReplicaView } from './options.js'

/**
 * Deployments and Services on one machine: replicas are process groups, Services are loopback ports. Apply what there is, then start; changes may be applied at
 * any time after. Before `start` nothing runs, and `containers` and `state` wait for it.
 */
export interface LocalCluster {
  readonly scaleTarget: ScaleTarget
  readonly endpoints: EndpointSource
  readonly objects: ObjectReader
  readonly state: StateStore
  readonly jobs: JobRunner
  /** Counts of replicas by the labels of their template. */
  readonly pods: Workloads
  /**
   * Takes a workload in. With an error among the problems nothing is taken, and what ran goes on. `keepReplicas`: the count belongs to somebody else than the file;
   * the file's stands only for a Deployment that was never seen.
   */
  apply(workload: Workload, options: { readonly keepReplicas: boolean }): readonly Problem[]
  delete(ref: ObjectRef): void
  /** Newest last; undefined: no such Deployment. */
  replicas(ref: ObjectRef): readonly ReplicaView[] | undefined
  /** Rejects with TG_STATE_LOCKED while another Tidegate has the folder. When it resolves, what ran before is adopted, counted and asked. An abort of the signal stops. */
  start(signal?: AbortSignal): Promise<void>
  /** Ends all replicas as a cluster would, or leaves them to the next start. */
  stop(): Promise<void>
}

export function localCluster (options: LocalOptions): LocalCluster {
  const cluster = new Cluster(options)
  return {
    scaleTarget: {
      watch: (target, listener) => cluster.watchers.add(() => cluster.deployment(target)?.state(), listener),
      set: async (target, replicas, busy) => cluster.setReplicas(target, replicas, busy),
    },
    endpoints: { watch: (fn, listener) => cluster.watchers.add(() => cluster.functionState(fn), listener) },
    objects: {
      secret: async (namespace, name) => cluster.manifests.get('Secret', namespace, name),
      configMap: async (namespace, name) => cluster.manifests.get('ConfigMap', namespace, name),
      token: async (namespace, account) => {
        throw new TidegateError('TG_CONFIG_NOT_LOCAL', `ServiceAccount ${namespace}/${account} has no token on one machine`, { hint: 'use secretTargetRef here' })
      },
      containers: target => cluster.containers(target),
    },
    state: {
      get: async key => (await cluster.opened).get(key),
      compareAndSet: async (key, version, value) => (await cluster.opened).compareAndSet(key, version, value),
      delete: async key => (await cluster.opened).delete(key),
    },
    pods: followedReplicas(cluster),
    jobs: cluster.jobs,
    apply: (workload, { keepReplicas }) => cluster.apply(workload, keepReplicas),
    delete: ref => cluster.delete(ref),
    replicas: ref => cluster.views(ref),
    start: signal => cluster.start(signal),
    stop: () => cluster.stop(),
  }
}
