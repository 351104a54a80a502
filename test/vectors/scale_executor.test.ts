import { expect } from 'vitest'
import { assertNever } from '../../src/core/assert-never.js'
import { inactiveReplicas } from '../../src/core/scaling/activate.js'
import { decideReplicas } from '../../src/core/scaling/decide.js'
import type { FallbackPolicy, Reading } from '../../src/core/scaling/types.js'
import { checkRequest, executorMemory, executorPolicy, failed, measured, requestScale, type Requested, type RequestScale } from './executor.js'
import { testVectors } from './support.js'

interface IdleOrMin { readonly kind: 'idle_or_min', readonly spec: RequestScale['spec'] }
interface ConditionsAfter { readonly kind: 'conditions_after', readonly isActive: boolean, readonly isError: boolean, readonly fallback?: Omit<FallbackPolicy, 'behavior'> }
interface TriggersActivity {
  readonly kind: 'triggers_activity'
  readonly externalMetricNames: readonly string[]
  readonly activeTriggers: readonly string[]
  readonly statusTriggersActivity?: Readonly<Record<string, boolean>>
  readonly pushScalerMetric?: string
}
type Result = 'active' | 'inactive' | 'error'
interface CheckedTrigger { readonly metricName: string, readonly result: Result, readonly retryResult?: Result, readonly value?: number }
interface CheckedTriggers { readonly kind: 'state', readonly triggers: readonly CheckedTrigger[] }
type Given = RequestScale & { readonly kind: 'request_scale' } | IdleOrMin | ConditionsAfter | TriggersActivity | CheckedTriggers
interface Expected extends Requested {
  readonly isIdle?: boolean
  readonly replicas?: number
  readonly triggersActivity?: Readonly<Record<string, boolean>>
  readonly isActive?: boolean
  readonly isError?: boolean
  readonly activeTriggers?: readonly string[]
}

testVectors<Given, Expected>('scale_executor', ({ given, expect: expected }) => {
  switch (given.kind) {
    case 'request_scale': return checkRequest(given, expected)
    case 'idle_or_min': return checkIdleOrMin(given, expected)
    case 'conditions_after': return checkConditions(given, expected as unknown as ExpectedReady)
    case 'triggers_activity': return expect(activityOf(given)).toEqual(expected.triggersActivity)
    case 'state': return checkState(given, expected)
    default: return assertNever(given)
  }
})

function checkIdleOrMin ({ spec }: IdleOrMin, expected: Expected): void {
  const policy = executorPolicy({ spec, annotations: {} }, [])
  expect(inactiveReplicas(policy) ?? policy.minReplicas).toBe(expected.replicas)
  expect(policy.idleReplicas !== undefined).toBe(expected.isIdle)
}

interface ExpectedReady { readonly ready?: { readonly status: string, readonly reason?: string } }

function checkConditions (given: ConditionsAfter, { ready }: ExpectedReady): void {
  const spec = { minReplicaCount: 1, ...(given.fallback === undefined ? {} : { fallback: given.fallback }) }
  const { conditions } = requestScale({ spec, annotations: {}, currentReplicas: 1, isActive: given.isActive, isError: given.isError })
  if (ready !== undefined) expect(conditions.find(({ type }) => type === 'Ready')).toMatchObject(ready)
}

/** A push scaler speaks for one trigger; what is known of the others is what was seen last. */
function activityOf ({ externalMetricNames, activeTriggers, statusTriggersActivity = {}, pushScalerMetric }: TriggersActivity): Record<string, boolean> {
  const isSeenActive = (name: string): boolean =>
    pushScalerMetric === undefined || pushScalerMetric === name ? activeTriggers.includes(name) : statusTriggersActivity[name] === true
  const readings = Object.keys(statusTriggersActivity).concat(externalMetricNames).map(name => measured(name, isSeenActive(name) ? 1 : 0))
  const decision = decide(externalMetricNames, readings)
  return Object.fromEntries(externalMetricNames.map(name => [name, decision.activeTriggers.includes(name)]))
}

/** A reading is what the last of the tries gave. */
function checkState ({ triggers }: CheckedTriggers, expected: Expected): void {
  const named = triggers.map(({ metricName, result, retryResult, value }, index) =>
    ({ unique: `s${index}-${metricName}`, result: result === 'error' ? retryResult ?? result : result, value }))
  const readings = named.map(({ unique, result, value = 1 }) => result === 'error' ? failed(unique) : measured(unique, result === 'active' ? value : 0))
  const decision = decide(named.map(({ unique }) => unique), readings)
  expect(decision.active).toBe(expected.isActive)
  expect(decision.activeTriggers.map(name => name.replace(/^s\d+-/, ''))).toEqual(expected.activeTriggers)
  expect(readings.some(({ kind }) => kind === 'failed')).toBe(expected.isError)
}

function decide (triggers: readonly string[], readings: readonly Reading[]) {
  return decideReplicas({
    now: readings[0]?.at ?? 0, policy: executorPolicy({ spec: {}, annotations: {} }, triggers), current: { spec: 0, status: 0, ready: 0 }, readings,
    memory: executorMemory(0, 'none'),
  })
}
