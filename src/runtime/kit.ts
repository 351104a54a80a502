import type { Kit, Log, PluginState, WorkloadIdentity, Workloads } from '../plugin/kit.js'
import type { Sharing } from './sharing.js'
import type { Clock, StateStore } from './ports.js'

export interface KitParts {
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly sharing: Sharing
  readonly state: StateStore
  readonly workloadIdentity?: WorkloadIdentity
  readonly workloads?: Workloads
}

/** The Kit of one plugin instance: shared clients for all, state and log lines under the owner's own name. */
export function kitFor (owner: Kit['owner'], type: string, parts: KitParts): Kit {
  return {
    clock: parts.clock,
    random: parts.random,
    log: withFields(parts.log, { [owner.kind === 'Trigger' ? 'trigger' : 'scaledObject']: `${owner.namespace}/${owner.name}`, type }),
    share: parts.sharing.share,
    ask: parts.sharing.ask,
    owner,
    ...(parts.workloadIdentity === undefined ? {} : { workloadIdentity: parts.workloadIdentity }),
    ...(parts.workloads === undefined ? {} : { workloads: parts.workloads }),
    state: pluginState(parts.state, `plugin/${owner.kind}/${owner.namespace}/${owner.name}/${type}/`),
  }
}

/** The same log with fields that every line carries. */
export function withFields (log: Log, fields: Readonly<Record<string, unknown>>): Log {
  return {
    debug: (more, message) => log.debug({ ...fields, ...more }, message),
    info: (more, message) => log.info({ ...fields, ...more }, message),
    warn: (more, message) => log.warn({ ...fields, ...more }, message),
    error: (more, message) => log.error({ ...fields, ...more }, message),
  }
}

function pluginState (store: StateStore, prefix: string): PluginState {
  return {
    get: async key => (await store.get(prefix + key))?.value,
    compareAndSet: async (key, expected, next) => {
      const present = await store.get(prefix + key)
      return present?.value === expected && await store.compareAndSet(prefix + key, present?.version, next)
    },
  }
}
