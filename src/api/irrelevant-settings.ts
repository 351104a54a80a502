import { names } from '../core/names.js'
import type { Problem } from '../spec/index.js'
import { isMapping } from '../spec/read.js'

type Mapping = Readonly<Record<string, unknown>>

/** Above zero a source is looked at this often at least, seconds; a longer pollingInterval says nothing there. */
const longestLookSeconds = 15

/** What our own kinds store where nothing was written: nobody's wish. */
const stored = { pollingInterval: 30, cooldownPeriod: 300 } as const

/**
 * Settings of a ScaledObject that act at zero alone, on a target that never gets there (keda.md f.4). Warnings. Takes the document as it was
 * written: a default is nobody's wish.
 */
export function irrelevantSettings (raw: unknown): Problem[] {
  const spec = isMapping(raw) ? raw['spec'] : undefined
  if (!isMapping(raw) || !isMapping(spec)) return []
  const { minReplicaCount: min, idleReplicaCount: idle, pollingInterval } = spec
  if (typeof min !== 'number' || min <= 0 || (idle !== undefined && idle !== null)) return []
  const isWish = (key: keyof typeof stored): boolean => typeof spec[key] === 'number' && (raw['apiVersion'] === names.kedaApiVersion || spec[key] !== stored[key])
  const because = `because minReplicaCount is ${min} and idleReplicaCount is not set`
  return [
    ...(isWish('pollingInterval') && Number(pollingInterval) >= longestLookSeconds && !usesCachedMetrics(spec)
      ? [warning('pollingInterval', `PollingInterval is configured but is not relevant ${because}`, `above zero a source is looked at every ${longestLookSeconds} s; remove it, or set useCachedMetrics`)] : []),
    ...(isWish('cooldownPeriod') ? [warning('cooldownPeriod', `CooldownPeriod is configured but is not relevant ${because}`, 'it counts from the last activity to zero or idle; remove it')] : []),
  ]
}

const usesCachedMetrics = ({ triggers }: Mapping): boolean => Array.isArray(triggers) && triggers.some(trigger => isMapping(trigger) && trigger['useCachedMetrics'] === true)

const warning = (key: string, message: string, hint: string): Problem => ({ code: 'TG_CONFIG_CONFLICT', severity: 'warning', path: ['spec', key], message, hint })
