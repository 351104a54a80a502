import { functionEndpoint } from '../function/endpoint.js'
import type { KubeCluster, Term } from '../kube/index.js'
import { localCluster } from '../local/index.js'
import type { Registry } from '../registry/registry.js'
import { system, type System } from '../runtime/system.js'
import type { Defaults } from '../runtime/configs.js'
import type { Clock, DecisionLog, EventSink, Log, Telemetry } from '../runtime/ports.js'
import { passing } from '../telemetry/passing.js'
import { authFiles } from './auth-files.js'
import { eachOf } from './events.js'
import { LocalWorld } from './local-world.js'
import type { ProblemBoard } from './problem-board.js'
import { eachSink, type StatusBoard } from './status-board.js'
import { workloadIdentity } from './workload-identity.js'

export interface LocalWiring {
  readonly paths: readonly string[]
  readonly recursive: boolean
  readonly stateDir: string
  readonly fresh: boolean
  readonly strict: boolean
  readonly registry: Registry
  readonly clock: Clock
  readonly log: Log
  readonly events: EventSink
  readonly telemetry: Telemetry
  readonly status: StatusBoard
  readonly problems: ProblemBoard
  readonly decisions: DecisionLog
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Where files of credentials are; undefined: nowhere. */
  readonly filepathAuthRootPath: string | undefined
}

/** The product on one machine: the loops, with manifests in files and replicas as processes behind their ports. */
export function localSystem (wiring: LocalWiring): System {
  const { clock, log, events, registry, telemetry, status, decisions, environment } = wiring
  const random = (): number => Math.random()
  const cluster = localCluster({ stateDir: wiring.stateDir, clock, random, log, events, strict: wiring.strict, fresh: wiring.fresh })
  const world = new LocalWorld({ paths: wiring.paths, recursive: wiring.recursive, cluster, clock, log, events, problems: wiring.problems, environment })
  const functions = functionEndpoint({ clock })
  const loops = system({
    resources: world, objects: cluster.objects, targets: cluster.scaleTarget, jobs: cluster.jobs, endpoints: cluster.endpoints, functions,
    state: cluster.state, ownership: { owns: () => true, rival: () => undefined, changes: () => () => undefined }, status, events: eachOf(world.refusals, events), decisions, telemetry,
    clock, random, log, registry, defaults: world.defaults, clusterObjectNamespace: 'default', authFiles: authFiles(wiring.filepathAuthRootPath), workloads: cluster.pods, ...workloadIdentity(environment),
  })
  return {
    ...loops,
    // What is in flight is answered while its replicas still run; they end after it.
    stop: async () => {
      await loops.stop()
      await functions.close()
      await cluster.stop()
    },
  }
}

export interface ClusterWiring {
  readonly cluster: KubeCluster
  /** What the loops write through, as long as the lease is held. */
  readonly term: Term
  readonly registry: Registry
  readonly clock: Clock
  readonly log: Log
  readonly events: EventSink
  readonly telemetry: Telemetry
  /** Of this term alone, as are the series of its metrics: both are empty when it has ended. */
  readonly status: StatusBoard
  readonly decisions: DecisionLog
  readonly defaults: () => Defaults
  /** Undefined: that of the lease. */
  readonly clusterObjectNamespace: string | undefined
  /** Secrets are read in the namespace of the lease only. */
  readonly restrictSecrets: boolean
  readonly filepathAuthRootPath: string | undefined
  readonly environment: Readonly<Record<string, string | undefined>>
}

/** The product in a cluster, for one term of the lease: the same loops, with the Kubernetes API behind their ports. */
export function clusterSystem (wiring: ClusterWiring): System {
  const { cluster, term, clock, log, events, status, decisions, registry, defaults, environment } = wiring
  const telemetry = passing(wiring.telemetry)
  const functions = functionEndpoint({ clock })
  const loops = system({
    resources: cluster.resources, objects: cluster.objects, targets: cluster.targets, jobs: cluster.jobs, endpoints: cluster.endpoints, functions,
    state: term.state, ownership: cluster.ownership, status: eachSink(status, term.status), events: eachOf(term.events, events), decisions, telemetry,
    clock, random: () => Math.random(), log, registry, defaults, shadow: cluster.lease === undefined, clusterObjectNamespace: wiring.clusterObjectNamespace ?? cluster.homeNamespace,
    secretsOnlyFrom: wiring.restrictSecrets ? cluster.homeNamespace : undefined, authFiles: authFiles(wiring.filepathAuthRootPath), workloads: cluster.pods, ...workloadIdentity(environment),
  })
  return {
    ...loops,
    stop: async () => {
      term.state.close()
      try {
        await loops.stop()
        await functions.close()
        await term.status.stop()
        await term.events.settled()
      } finally {
        telemetry.end()
        status.clear()
      }
    },
  }
}
