import { matchesSelector, parseSelector } from '../core/label-selector.js'
import type { Workloads } from '../runtime/ports.js'
import type { Cluster } from './cluster.js'

/** What is a pod in a cluster is a replica here: it has the labels of its Deployment's template. */
export function followedReplicas (cluster: Cluster): Workloads {
  return {
    follow (namespace, text) {
      const selector = parseSelector(text)
      const count = (): number => cluster.deploymentsOf(namespace)
        .filter(({ plan }) => selector !== undefined && matchesSelector(selector, plan.labels))
        .reduce((sum, deployment) => sum + deployment.state().status, 0)
      const stops = new Set<() => void>()
      return {
        count: async () => count(),
        changes (listener) {
          const stop = cluster.watchers.add(count, listener)
          stops.add(stop)
          return () => { stop(); stops.delete(stop) }
        },
        close: async () => { for (const stop of stops) stop() },
      }
    },
  }
}
