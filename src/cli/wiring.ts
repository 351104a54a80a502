import { functionEndpoint } from '../function/endpoint.js'
import { localCluster } from '../local/index.js'
import type { Registry } from '../registry/registry.js'
import { system, type System } from '../runtime/system.js'
import type { Clock, DecisionLog, EventSink, Log, Telemetry } from '../runtime/ports.js'
import { LocalWorld } from './local-world.js'
import type { ProblemBoard } from './problem-board.js'
import { eachOf } from './events.js'
import type { StatusBoard } from './status-board.js'

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
}

/** The product on one machine: the loops, with manifests in files and replicas as processes behind their ports. */
export function localSystem (wiring: LocalWiring): System {
  const { clock, log, events, registry, telemetry, status, decisions, environment } = wiring
  const random = (): number => Math.random()
  const cluster = localCluster({ stateDir: wiring.stateDir, clock, random, log, events, strict: wiring.strict, fresh: wiring.fresh })
  const world = new LocalWorld({ paths: wiring.paths, recursive: wiring.recursive, cluster, clock, log, events, problems: wiring.problems, environment })
  const functions = functionEndpoint({ clock })
  const loops = system({
    resources: world, objects: cluster.objects, targets: cluster.scaleTarget, endpoints: cluster.endpoints, functions,
    state: cluster.state, ownership: { owns: () => true, changes: () => () => undefined }, status, events: eachOf(world.refusals, events), decisions, telemetry,
    clock, random, log, registry, defaults: world.defaults, clusterObjectNamespace: 'default', ...workloadIdentity(environment),
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

function workloadIdentity (env: Readonly<Record<string, string | undefined>>): { workloadIdentity?: NonNullable<Parameters<typeof system>[0]['workloadIdentity']> } {
  const named = { clientId: env['AZURE_CLIENT_ID'], tenantId: env['AZURE_TENANT_ID'], tokenFile: env['AZURE_FEDERATED_TOKEN_FILE'], authorityHost: env['AZURE_AUTHORITY_HOST'] }
  const given = Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined))
  return Object.keys(given).length === 0 ? {} : { workloadIdentity: given }
}
