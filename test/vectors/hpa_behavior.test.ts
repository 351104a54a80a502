import { expect } from 'vitest'
import { changeWithin, storeScaleEvent } from '../../src/core/scaling/hpa-events.js'
import { limitWithBehavior, limitWithoutBehavior } from '../../src/core/scaling/hpa-rates.js'
import { stabilizeWithBehavior, stabilizeWithoutBehavior } from '../../src/core/scaling/hpa-stabilization.js'
import { averageMilli, averageValueWish, sumMilli, valueWish, type Tolerance } from '../../src/core/scaling/hpa-wish.js'
import type { ScaleEvent, ScalingPolicy } from '../../src/core/scaling/types.js'
import { checkReconcile, checkTimeline, rulesOf, type Reconcile, type ReconcileExpected, type Timeline, type WrittenRules } from './hpa-passes.js'
import { testVectors } from './support.js'

const now = 10_000_000
const ago = (seconds: number): number => now - seconds * 1000

interface Aged { readonly value: number, readonly age_s: number }
interface AgedChange { readonly change: number, readonly age_s: number }
interface Metric {
  readonly values_milli?: readonly string[]
  readonly value_milli?: string
  readonly target_milli: string
  readonly tolerance: Tolerance
  readonly status_replicas: number
  readonly spec_replicas: number
  readonly ready_pods: number
}
interface Limit { readonly current: number, readonly desired: number, readonly min: number, readonly max: number }
interface Rate extends Limit {
  readonly scaleUp: WrittenRules
  readonly scaleDown: WrittenRules
  readonly up_events: readonly AgedChange[]
  readonly down_events: readonly AgedChange[]
}
interface Stabilize {
  readonly current: number
  readonly desired: number
  readonly window_s: number
  readonly up_window_s: number
  readonly down_window_s: number
  readonly recommendations: readonly Aged[]
}
interface StoreEvent {
  readonly events: readonly AgedChange[]
  readonly policies: readonly { readonly type: ScalingPolicy['type'], readonly value: number, readonly periodSeconds: number }[] | null
  readonly new_change: number
}
type Given = Metric & Rate & Stabilize & StoreEvent & Reconcile & Timeline
interface Expected {
  readonly replicas: number & readonly number[]
  readonly reason: string
  readonly reported_milli: string
  readonly reported_average_milli: string
  readonly stored_values: readonly number[]
  readonly able_to_scale_reason: string
  readonly change_last_60s: number
  readonly stored: readonly { readonly change: number, readonly outdated: boolean }[]
}

testVectors<Given, Expected & ReconcileExpected>('hpa_behavior', ({ stage, given, expect: expected }) => {
  switch (stage) {
    case 'external_average_value':
    case 'object_average_value': return checkAverageValue(given, expected)
    case 'external_value':
    case 'object_value': return checkValue(given, expected)
    case 'limit_without_behavior': return checkLimit(given, expected)
    case 'rate_with_behavior': return checkRate(given, expected)
    case 'stabilize_without_behavior': return checkWithoutBehavior(given, expected)
    case 'stabilize_with_behavior': return checkWithBehavior(given, expected)
    case 'store_scale_event': return checkStore(given, expected)
    case 'reconcile': return checkReconcile(given, expected)
    case 'timeline_external_average_value': return checkTimeline(given, expected.replicas)
    default: throw new Error(`no such stage: ${stage}`)
  }
})

const totalOf = ({ values_milli: values, value_milli: value = '0' }: Metric): bigint => sumMilli((values ?? [value]).map(BigInt))

function checkAverageValue (given: Metric, expected: Expected): void {
  const totalMilli = totalOf(given)
  const existing = given.status_replicas
  expect(averageValueWish({ totalMilli, targetMilli: BigInt(given.target_milli), existing, tolerance: given.tolerance })).toBe(expected.replicas)
  expect(String(averageMilli(totalMilli, existing))).toBe(expected.reported_average_milli)
}

function checkValue (given: Metric, expected: Expected): void {
  const totalMilli = totalOf(given)
  const { spec_replicas: spec, ready_pods: ready, tolerance } = given
  expect(valueWish({ totalMilli, targetMilli: BigInt(given.target_milli), spec, ready, tolerance })).toBe(expected.replicas)
  expect(String(totalMilli)).toBe(expected.reported_milli)
}

function checkLimit ({ desired: wish, current, min, max }: Limit, { replicas, reason }: Expected): void {
  expect(limitWithoutBehavior({ current, wish, min, max })).toEqual({ replicas, reason })
}

function checkRate (given: Rate, { replicas, reason }: Expected): void {
  const { desired: wish, current, min, max } = given
  const events: ScaleEvent[] = [
    ...given.up_events.map(({ change, age_s: age }) => ({ at: ago(age), change })),
    ...given.down_events.map(({ change, age_s: age }) => ({ at: ago(age), change: -change })),
  ]
  const limited = limitWithBehavior({ now, current, wish, min, max, events, scaleUp: rulesOf(given.scaleUp), scaleDown: rulesOf(given.scaleDown) })
  expect(limited).toEqual({ replicas, reason })
}

const logOf = (recommendations: readonly Aged[]) => recommendations.map(({ value, age_s: age }) => ({ at: ago(age), replicas: value }))

function checkWithoutBehavior (given: Stabilize, expected: Expected): void {
  const { replicas, log } = stabilizeWithoutBehavior({ now, wish: given.desired, windowMs: given.window_s * 1000, log: logOf(given.recommendations) })
  expect(replicas).toBe(expected.replicas)
  expect(log.map(one => one.replicas)).toEqual(expected.stored_values)
}

function checkWithBehavior (given: Stabilize, expected: Expected): void {
  const { current, desired: wish } = given
  const windows = { upMs: given.up_window_s * 1000, downMs: given.down_window_s * 1000 }
  const { replicas, log } = stabilizeWithBehavior({ now, current, wish, windows, log: logOf(given.recommendations) })
  expect(replicas).toBe(expected.replicas)
  expect(log.map(one => one.replicas)).toEqual(expected.stored_values)
  const held = wish >= current ? 'ScaleUpStabilized' : 'ScaleDownStabilized'
  expect(replicas === wish ? 'ReadyForNewScale' : held).toBe(expected.able_to_scale_reason)
}

function checkStore (given: StoreEvent, expected: Expected): void {
  const log = given.events.map(({ change, age_s: age }) => ({ at: ago(age), change, outdated: false }))
  const policies = given.policies?.map(({ type, value, periodSeconds }) => ({ type, value, periodMs: periodSeconds * 1000 }))
  expect(changeWithin(log, 60_000, now)).toBe(expected.change_last_60s)
  const stored = storeScaleEvent({ log, policies, change: given.new_change, now })
  expect(stored.map(({ change, outdated }) => ({ change, outdated }))).toEqual(expected.stored)
}
