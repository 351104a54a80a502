import { decideReplicas } from '../../src/core/scaling/decide.js'
import { kedaDefaults } from '../../src/core/scaling/rules.js'
import type { Decision, FallbackPolicy, Reading, ScaleMemory } from '../../src/core/scaling/types.js'

/** A cron trigger of KEDA's tests, under the name that they give its metric. */
export const metric = 'M'

export interface WrittenFallback { readonly failureThreshold: number, readonly replicas: number, readonly behavior?: FallbackPolicy['behavior'] }

export const answer = (at: number, value: number): Reading =>
  ({ kind: 'measured', trigger: metric, at, measurements: [{ name: metric, value, target: 3, activation: 0, metricType: 'AverageValue' }] })

export const error = (at: number): Reading => ({ kind: 'failed', trigger: metric, at, code: 'TG_SOURCE_UNREACHABLE', message: 'some error' })

/** One decision about one trigger of a target with `current` replicas. */
export function decideWith (reading: Reading, fallback: WrittenFallback | null, failures: ScaleMemory['failures'], current: number): Decision {
  return decideReplicas({
    now: reading.at,
    policy: {
      minReplicas: 0, maxReplicas: 100, cooldownMs: 300_000, initialCooldownMs: 0, createdAt: 0, ...kedaDefaults,
      ...(fallback === null ? {} : { fallback: { behavior: 'static', ...fallback } }),
      pausedScaleIn: false, pausedScaleOut: false, forceActivation: false, triggers: [metric],
    },
    current: { spec: current, status: current, ready: current },
    readings: [reading],
    memory: { version: 1, adoptedAt: 0, adoptedReplicas: 0, recommendations: [], scaleEvents: [], failures },
  })
}

export interface Health { readonly numberOfFailures: number, readonly status: 'Happy' | 'Failing' }

/** KEDA's `status.health` of the metric from our count. */
export function healthOf ({ memory }: Decision): Health {
  const numberOfFailures = memory.failures[metric]?.count ?? 0
  return { numberOfFailures, status: numberOfFailures === 0 ? 'Happy' : 'Failing' }
}
