import { expect } from 'vitest'
import { formulaPolicyOf } from '../../src/api/index.js'
import { assertNever } from '../../src/core/assert-never.js'
import { FormulaError, formulaProblem, formulaValue } from '../../src/core/formula/index.js'
import { decideReplicas } from '../../src/core/scaling/decide.js'
import { kedaDefaults } from '../../src/core/scaling/rules.js'
import type { Decision, FallbackPolicy, FormulaPolicy, Reading } from '../../src/core/scaling/types.js'
import { testVectors } from './support.js'

/** Static where nothing else is written. */
type WrittenFallback = Omit<FallbackPolicy, 'behavior'> & Partial<Pick<FallbackPolicy, 'behavior'>>
interface Formula {
  readonly kind: 'formula', readonly formula: string, readonly target?: string, readonly fallback?: WrittenFallback
  readonly metrics: Readonly<Record<string, number>>, readonly names: Readonly<Record<string, string>>, readonly health?: Readonly<Record<string, { readonly numberOfFailures: number }>>
}
interface TriggerValue { readonly kind: 'trigger_value', readonly fallback: WrittenFallback | null, readonly numberOfFailures: number | null, readonly metricValue: number }
interface Pair { readonly kind: 'pair', readonly formula: string, readonly metricName: string, readonly triggerName: string }
interface Replicas {
  readonly kind: 'replicas', readonly formula: string, readonly target: string, readonly activationTarget?: string, readonly metricType?: FormulaPolicy['metricType'], readonly fallback?: WrittenFallback
  readonly minReplicaCount?: number, readonly maxReplicaCount?: number, readonly triggers: Readonly<Record<string, number | 'failing'>>
}
interface Expected {
  readonly ok?: boolean, readonly valueMilli?: number, readonly formulaValue?: number | null
  readonly pair?: Readonly<Record<string, string>>, readonly replicas?: number
}

testVectors<Formula | TriggerValue | Pair | Replicas, Expected>('scaling_modifiers', ({ given, expect: expected }) => {
  switch (given.kind) {
    case 'formula': return expect(resultOf(given)).toEqual({ ok: expected.ok, ...(expected.valueMilli === undefined ? {} : { valueMilli: expected.valueMilli }) })
    case 'trigger_value': return expect(seenByFormula(given)).toBe(expected.formulaValue)
    case 'pair': return expect(filedUnder(given)).toEqual({ ok: expected.ok, pair: expected.pair })
    case 'replicas': return expect(replicasOf(given)).toBe(expected.replicas)
    default: return assertNever(given)
  }
})

const at = 10_000_000
const measured = (trigger: string, value: number): Reading => ({ kind: 'measured', trigger, at, measurements: [{ name: trigger, value, target: 1, activation: 0, metricType: 'AverageValue' }] })
const failed = (trigger: string): Reading => ({ kind: 'failed', trigger, at, code: 'TG_SOURCE_UNREACHABLE', message: 'some error' })

interface Case { readonly formula: FormulaPolicy, readonly fallback?: WrittenFallback | null | undefined, readonly readings: readonly Reading[], readonly failures?: Readonly<Record<string, number>>, readonly min?: number, readonly max?: number }

/** One decision about a target that sleeps. `failures` are those before the look. */
function decided ({ formula, fallback, readings, failures = {}, min = 0, max = 1_000_000 }: Case): Decision {
  return decideReplicas({
    now: at, readings, current: { spec: 0, status: 0, ready: 0 },
    policy: {
      minReplicas: min, maxReplicas: max, cooldownMs: 300_000, initialCooldownMs: 0, createdAt: 0, ...kedaDefaults, formula, ...(fallback === null || fallback === undefined ? {} : { fallback: { behavior: 'static', ...fallback } }),
      pausedScaleIn: false, pausedScaleOut: false, forceActivation: false, triggers: readings.map(({ trigger }) => trigger),
    },
    memory: { version: 1, adoptedAt: 0, adoptedReplicas: 0, recommendations: [], scaleEvents: [], failures: Object.fromEntries(Object.entries(failures).map(([trigger, count]) => [trigger, { count, lookedAt: 1 }])) },
  })
}

const policyFor = (expression: string, triggers: readonly string[], more: Partial<FormulaPolicy> = {}): FormulaPolicy => ({ expression, triggers, target: 1, activation: 0, metricType: 'AverageValue', ...more })

function resultOf ({ formula, target, fallback, metrics, names, health = {} }: Formula): Pick<Expected, 'ok' | 'valueMilli'> {
  const triggers = Object.values(names)
  const isOver = (metric: string): boolean => fallback?.behavior === 'scalingModifiers' && (health[metric]?.numberOfFailures ?? 0) > fallback.failureThreshold
  const values = new Map(Object.entries(names).map(([metric, trigger]) => [trigger, isOver(metric) ? null : metrics[metric] ?? 0]))
  const wrong = formulaProblem(formula, triggers)
  if (wrong !== undefined) return { ok: false }
  try {
    const value = formulaValue(formula, values)
    if (value !== null) return { ok: true, valueMilli: Math.trunc(value * 1000) }
  } catch (error) {
    if (error instanceof FormulaError) return { ok: false }
    throw error
  }
  const failures = Object.fromEntries(Object.entries(names).map(([metric, trigger]) => [trigger, (health[metric]?.numberOfFailures ?? 1) - 1]))
  const { replicas } = decided({ formula: policyFor(formula, triggers, { target: Number(target) }), fallback, readings: triggers.map(failed), failures })
  return { ok: true, valueMilli: Math.trunc(replicas * Number(target) * 1000) }
}

/** What a formula of whole replicas makes of one trigger: its value, or what stands for nil. */
function seenByFormula ({ fallback, numberOfFailures, metricValue }: TriggerValue): number | null {
  const fails = fallback !== null && (numberOfFailures ?? 0) > fallback.failureThreshold
  const { replicas } = decided({
    formula: policyFor('one ?? 999', ['one'], { isReplicas: true }), fallback, failures: { one: (numberOfFailures ?? 1) - 1 }, readings: [fails ? failed('one') : measured('one', metricValue)],
  })
  return replicas === 999 ? null : replicas
}

/** Under which name a formula knows a metric: that of its trigger, and a trigger without one is an error. */
function filedUnder ({ formula, metricName, triggerName }: Pair): Pick<Expected, 'ok' | 'pair'> {
  const trigger = { type: 'external', name: triggerName, metadata: {}, metricType: 'AverageValue', useCachedMetrics: false, authenticationRef: undefined } as const
  const policy = formulaPolicyOf({ formula, target: '1', activationTarget: undefined, metricType: 'AverageValue' }, [trigger], {})
  if (policy === undefined) return { ok: true, pair: {} }
  return policy.triggers.includes(triggerName) ? { ok: true, pair: { [metricName]: triggerName } } : { ok: false, pair: {} }
}

/** The whole way; a trigger that fails has failed once more than its threshold with this look. */
function replicasOf ({ formula, target, activationTarget, metricType = 'AverageValue', fallback, triggers, minReplicaCount, maxReplicaCount }: Replicas): number {
  const names = Object.keys(triggers)
  expect(formulaProblem(formula, names)).toBeUndefined()
  return decided({
    formula: policyFor(formula, names, { target: Number(target), activation: Number(activationTarget ?? 0), metricType }), fallback, min: minReplicaCount ?? 0, max: maxReplicaCount ?? 100,
    readings: Object.entries(triggers).map(([trigger, value]) => value === 'failing' ? failed(trigger) : measured(trigger, value)),
    failures: Object.fromEntries(names.map(name => [name, fallback?.failureThreshold ?? 0])),
  }).replicas
}
