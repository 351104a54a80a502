import { expect, test } from 'vitest'
import type { FallbackPolicy, FormulaPolicy } from '../../../src/core/scaling/types.js'
import { backlog, failing, nothingYet, told, VirtualUnit, type UnitOptions } from './unit.js'

const noWindow = { stabilizationWindowMs: 0, selectPolicy: 'Max', policies: [], tolerance: 0.1 } as const

/** A target scaled by a formula over the triggers `queue` and `topic`; one replica holds 2. */
function unit (expression: string, options: UnitOptions & { readonly formula?: Partial<FormulaPolicy> } = {}): VirtualUnit {
  const { formula, policy, ...others } = options
  return new VirtualUnit({
    ...others, policy: { triggers: ['queue', 'topic'], scaleDown: noWindow, cooldownMs: 0, formula: { expression, triggers: ['queue', 'topic'], target: 2, activation: 0, metricType: 'AverageValue', ...formula }, ...policy },
  })
}
const topic = (value: number) => backlog(value, {}, 'topic')

test('one number is made of two, and they have no voice of their own', () => {
  const t = unit('queue + topic', { formula: { activation: 2 } })
  expect(told(t.at(0, backlog(0), topic(2)))).toEqual([0, 'Idle']) // 2 is not more than 2
  expect(told(t.at(10, backlog(3), topic(2)))).toEqual([3, 'Activated'])
  expect(t.decision?.activeTriggers).toEqual(['composite-metric'])
  expect(t.decision?.steps.map(({ because }) => because)).toContain('the formula gives 5 at 2 each: 3 replicas')
  expect(told(t.at(20, backlog(2), topic(2)))).toEqual([2, 'Backlog'])
  expect(told(t.at(40, backlog(0), topic(0)))).toEqual([0, 'Deactivated'])
})

test('a Value is set against all replicas together', () => {
  const t = unit('queue + topic', { replicas: 4, formula: { metricType: 'Value', target: 5 } })
  expect(told(t.at(0, backlog(8), topic(2)))).toEqual([8, 'Backlog'])
})

test('a trigger beside the formula votes for itself', () => {
  const t = unit('queue', { formula: { triggers: ['queue'] } })
  expect(told(t.at(0, backlog(4), topic(40)))).toEqual([8, 'Activated'])
  expect(t.decision?.activeTriggers).toEqual(['composite-metric', 'topic'])
})

test('a formula of replicas is taken as it is', () => {
  const t = unit('queue', { replicas: 20, formula: { target: 1, isReplicas: true } })
  expect(told(t.at(0, backlog(21), topic(0)))).toEqual([21, 'Backlog'])
  expect(t.decision?.steps.map(({ because }) => because)).toContain('the formula gives 21 as replicas: 21 replicas')
})

test('while a trigger is not known nothing is worked out and nothing lowered', () => {
  const t = unit('queue + topic', { replicas: 5 })
  expect(told(t.at(0, backlog(0)))).toEqual([5, 'SourceAbsent'])
  expect(told(t.at(10, backlog(0), failing('topic')))).toEqual([5, 'SourceFailed'])
  expect(told(t.at(20, backlog(90), failing('topic')))).toEqual([5, 'SourceFailed'])
})

test.each([
  ['queue % 2', /takes whole numbers/], ['[1][int(queue)]', /no element 3/], ['queue > topic', /no number/],
])('%s goes wrong: it says so, and the count is held', (expression, problem) => {
  const t = unit(expression, { replicas: 5 })
  expect(told(t.at(0, backlog(3), topic(0)))).toEqual([5, 'SourceFailed'])
  expect(t.decision?.formulaProblem).toMatch(problem)
})

test.each(['queue / topic', 'topic / topic'])('%s is no number that can be used: the count is held', expression => {
  expect(told(unit(expression, { replicas: 5 }).at(0, backlog(3), topic(0)))).toEqual([5, 'SourceAbsent'])
})

test('a trigger that has nothing to say is nil', () => {
  const t = unit('queue ?? topic', { replicas: 5 })
  expect(told(t.at(0, nothingYet(), topic(6)))).toEqual([3, 'Backlog'])
  expect(told(unit('queue + topic', { replicas: 5 }).at(0, nothingYet(), topic(0)))).toEqual([5, 'SourceAbsent'])
  expect(told(unit('queue ?? topic', { replicas: 5 }).at(0, nothingYet(), nothingYet({}, 'topic')))).toEqual([5, 'SourceAbsent'])
  expect(told(unit('queue + topic').at(0, nothingYet({ mayWake: true }), topic(0)))).toEqual([1, 'Activated'])
})

const falls = (behavior: FallbackPolicy['behavior'], replicas = 5): FallbackPolicy => ({ failureThreshold: 1, replicas, behavior })

test.each([
  ['static', 3, 5], ['static', 8, 5], ['currentReplicas', 8, 8], ['currentReplicasIfHigher', 3, 5], ['currentReplicasIfHigher', 8, 8], ['currentReplicasIfLower', 3, 3], ['currentReplicasIfLower', 8, 5],
] as const)('fallback %s from %i is %i, whatever the formula says', (behavior, replicas, expected) => {
  const t = unit('queue + topic', { replicas, policy: { fallback: falls(behavior) } })
  expect(told(t.at(0, backlog(90), failing('topic')))).toEqual([replicas, 'SourceFailed'])
  expect(told(t.at(10, backlog(90), failing('topic')))).toEqual([expected, 'Fallback'])
  expect(t.decision?.fallingBack).toEqual(['topic'])
})

test('fallback scalingModifiers: the one that fails is nil, and only where nothing is left the declared count holds', () => {
  const t = unit('queue ?? topic', { replicas: 8, policy: { fallback: falls('scalingModifiers', 4) } })
  expect(told(t.at(0, failing(), topic(12)))).toEqual([8, 'SourceFailed'])
  expect(told(t.at(10, failing(), topic(12)))).toEqual([6, 'Backlog'])
  expect(t.decision?.fallingBack).toEqual(['queue'])
  expect(told(t.at(20, failing(), failing('topic')))).toEqual([6, 'SourceFailed'])
  expect(told(t.at(30, failing(), failing('topic')))).toEqual([4, 'Fallback'])
  expect(told(t.at(40, backlog(16), failing('topic')))).toEqual([8, 'Backlog'])
})

test('as in KEDA, a fallback beside a target that is no whole number never applies', () => {
  const t = unit('queue + topic', { replicas: 8, formula: { target: 2.5 }, policy: { fallback: falls('static') } })
  for (const seconds of [0, 10, 20]) expect(told(t.at(seconds, backlog(90), failing('topic')))).toEqual([8, 'SourceFailed'])
})
