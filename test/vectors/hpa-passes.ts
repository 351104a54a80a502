import { expect } from 'vitest'
import { decideReplicas } from '../../src/core/scaling/decide.js'
import type { Tolerance } from '../../src/core/scaling/hpa-wish.js'
import { kedaDefaults } from '../../src/core/scaling/rules.js'
import type { Decision, Measurement, Reading, ScaleMemory, ScalePolicy, ScalingPolicy, ScalingRules } from '../../src/core/scaling/types.js'

export interface WrittenRules {
  readonly stabilizationWindowSeconds: number
  readonly selectPolicy: ScalingRules['selectPolicy']
  readonly policies: readonly { readonly type: ScalingPolicy['type'], readonly value: number, readonly periodSeconds: number }[]
}
interface Behavior { readonly scaleUp: WrittenRules, readonly scaleDown: WrittenRules }
type MetricKind = 'external_value' | 'external_average_value' | 'object_value' | 'object_average_value'
interface Metric { readonly kind: MetricKind, readonly target_milli?: string, readonly values_milli?: readonly string[], readonly unavailable?: boolean }

export interface Reconcile {
  readonly min: number
  readonly max: number
  readonly spec_replicas: number
  readonly status_replicas: number
  readonly ready_pods: number
  readonly metrics: readonly Metric[]
  readonly behavior: Behavior | null
  /** A text instead of a list: the first pass, which records the count found. */
  readonly recommendations: string | readonly { readonly value: number, readonly age_s: number }[]
}
export interface ReconcileExpected {
  readonly desired: number
  readonly rescale: boolean
  readonly ScalingActive?: string
  readonly stabilization_reason?: string
  readonly limit_reason?: string
}
export interface Timeline {
  readonly start: number
  readonly target_milli: string
  readonly tolerance: Tolerance
  readonly event_stamp_delay_s: number
  readonly steps: readonly { readonly t_s: number, readonly total_milli: string }[]
}

const now = 10_000_000
const longAgo = 0

export const rulesOf = ({ stabilizationWindowSeconds, selectPolicy, policies }: WrittenRules, tolerance = 0.1): ScalingRules => ({
  stabilizationWindowMs: stabilizationWindowSeconds * 1000,
  selectPolicy,
  policies: policies.map(({ type, value, periodSeconds }) => ({ type, value, periodMs: periodSeconds * 1000 })),
  tolerance,
})

/** The HPA knows no activation and no cooldown: its down window alone keeps a count, and it ends one instant before ours is looked at. */
function hpaPolicy (given: Pick<Reconcile, 'min' | 'max' | 'behavior'>, triggers: readonly string[], tolerance: Tolerance = { down: 0.1, up: 0.1 }): ScalePolicy {
  const { min: minReplicas, max: maxReplicas, behavior } = given
  const rules = behavior === null
    ? { ...kedaDefaults, hpaWithoutBehavior: true }
    : { scaleUp: rulesOf(behavior.scaleUp, tolerance.up), scaleDown: rulesOf(behavior.scaleDown, tolerance.down) }
  return {
    minReplicas, maxReplicas, cooldownMs: Math.max(0, rules.scaleDown.stabilizationWindowMs - 1), initialCooldownMs: 0, createdAt: longAgo, ...rules,
    pausedScaleIn: false, pausedScaleOut: false, forceActivation: false, triggers,
  }
}

function readingOf (trigger: string, at: number, { kind, target_milli: target = '1000', values_milli: values = [], unavailable = false }: Metric): Reading {
  if (unavailable) return { kind: 'failed', trigger, at, code: 'TG_SOURCE_UNREACHABLE', message: 'unavailable' }
  const value = values.reduce((sum, one) => sum + Number(one), 0) / 1000
  const metricType = kind.endsWith('average_value') ? 'AverageValue' : 'Value'
  const measurement: Measurement = { name: trigger, value, target: Number(target) / 1000, activation: 0, metricType }
  return { kind: 'measured', trigger, at, measurements: [measurement] }
}

const memoryOf = (recommendations: ScaleMemory['recommendations']): ScaleMemory =>
  ({ version: 1, adoptedAt: longAgo, adoptedReplicas: 0, recommendations, scaleEvents: [], failures: {} })

/** One whole pass is one decision. */
export function checkReconcile (given: Reconcile, expected: ReconcileExpected): void {
  const triggers = given.metrics.map((_, index) => `m${index}`)
  const readings = given.metrics.map((metric, index) => readingOf(`m${index}`, now, metric))
  const { recommendations, spec_replicas: spec, status_replicas: status, ready_pods: ready } = given
  const logged = typeof recommendations === 'string'
    ? [{ at: now, replicas: spec }]
    : recommendations.map(({ value, age_s: age }) => ({ at: now - age * 1000, replicas: value }))
  const policy = hpaPolicy(given, triggers)
  const decision = decideReplicas({ now, policy, current: { spec, status, ready }, readings, memory: memoryOf(logged) })
  expect(decision.replicas).toBe(expected.desired)
  expect(decision.replicas !== spec).toBe(expected.rescale)
  if (expected.ScalingActive?.startsWith('False') === true) expect(decision.reason).toBe('SourceFailed')
  if (expected.stabilization_reason !== undefined) expect(stabilizationReason(decision)).toBe(expected.stabilization_reason)
  if (expected.limit_reason !== undefined) expect(limitReason(decision, spec)).toBe(expected.limit_reason)
}

function stabilizationReason ({ steps }: Decision): string {
  const step = steps.find(({ stage }) => stage === 'stabilize')
  if (step === undefined) return 'ReadyForNewScale'
  return step.to > step.from ? 'ScaleDownStabilized' : 'ScaleUpStabilized'
}

function limitReason ({ steps, replicas }: Decision, spec: number): string {
  const clamped = steps.find(({ stage }) => stage === 'clamp')
  if (clamped !== undefined) return clamped.to < clamped.from ? 'TooManyReplicas' : 'TooFewReplicas'
  const isWokenToMore = steps.some(({ stage, from, to }) => stage === 'activate' && to > from)
  if (isWokenToMore) return 'TooFewReplicas'
  if (!steps.some(({ stage }) => stage === 'rate')) return 'DesiredWithinRange'
  return replicas > spec ? 'ScaleUpLimit' : 'ScaleDownLimit'
}

/** Several passes in a row; what one remembers, the next one starts from. */
export function checkTimeline (given: Timeline & Reconcile, expected: readonly number[]): void {
  const policy = hpaPolicy(given, ['m'], given.tolerance)
  let memory = memoryOf([{ at: now, replicas: given.start }])
  let spec = given.start
  const counts = given.steps.map(({ t_s: t, total_milli: total }) => {
    const at = now + t * 1000
    const readings = [readingOf('m', at, { kind: 'external_average_value', target_milli: given.target_milli, values_milli: [total] })]
    const decision = decideReplicas({ now: at, policy, current: { spec, status: spec, ready: spec }, readings, memory })
    const stampedLate = decision.memory.scaleEvents.map(event => event.at === at ? { ...event, at: at + given.event_stamp_delay_s * 1000 } : event)
    memory = { ...decision.memory, scaleEvents: stampedLate }
    spec = decision.replicas
    return spec
  })
  expect(counts).toEqual(expected)
}
