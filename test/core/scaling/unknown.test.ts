import { expect, test } from 'vitest'
import { backlog, failing, nothingYet, told, VirtualUnit } from './unit.js'

const two = { triggers: ['queue', 'topic'] }

test('a source that cannot be read holds the count for as long as it takes', () => {
  const unit = new VirtualUnit({ replicas: 10, policy: { cooldownMs: 0 } })
  for (const seconds of [1, 400, 4000]) expect(told(unit.at(seconds, failing()))).toEqual([10, 'SourceFailed'])
  expect(unit.decision?.steps.map(({ because }) => because).join()).toContain('no answer')
})

test('the others may raise the count, and never lower it', () => {
  const unit = new VirtualUnit({ replicas: 4, policy: { ...two, cooldownMs: 0 } })
  expect(told(unit.at(1, failing('topic'), backlog(30)))).toEqual([6, 'Backlog'])
  expect(told(unit.at(900, failing('topic'), backlog(0)))).toEqual([6, 'SourceFailed'])
  expect(told(unit.at(1800, backlog(0, {}, 'topic'), backlog(0)))).toEqual([0, 'Deactivated'])
})

test('what sleeps is not woken by an inactive trigger beside a failing one', () => {
  const unit = new VirtualUnit({ policy: two })
  expect(told(unit.at(0, failing('topic'), backlog(4, { activation: 9 })))).toEqual([0, 'SourceFailed'])
  expect(told(unit.at(1, failing('topic'), backlog(4)))).toEqual([1, 'Activated'])
})

test('a trigger that was not looked at yet may hide anything', () => {
  const unit = new VirtualUnit({ replicas: 4, policy: { ...two, cooldownMs: 0 } })
  expect(told(unit.at(900, backlog(0)))).toEqual([4, 'SourceAbsent'])
  expect(told(unit.at(901))).toEqual([4, 'SourceAbsent'])
})

test('absent: no vote; if nobody votes, hold; the others decide', () => {
  const unit = new VirtualUnit({ replicas: 3, policy: { ...two, cooldownMs: 0 } })
  expect(told(unit.at(1, nothingYet(), nothingYet({}, 'topic')))).toEqual([3, 'SourceAbsent'])
  expect(told(unit.at(900, nothingYet(), backlog(0, {}, 'topic')))).toEqual([0, 'Deactivated'])
})

test('an absent trigger does not stop the others from lowering', () => {
  const unit = new VirtualUnit({ replicas: 8, policy: two })
  expect(told(unit.at(0, nothingYet(), backlog(10, {}, 'topic')))).toEqual([2, 'Backlog'])
})

test('absent at zero: a minimum is kept all the same', () => {
  const unit = new VirtualUnit({ policy: { minReplicas: 2 } })
  expect(unit.at(0, nothingYet()).replicas).toBe(2)
})

test('a consumer that makes what is missing is woken, once', () => {
  const unit = new VirtualUnit()
  expect(told(unit.at(0, nothingYet({ mayWake: true })))).toEqual([1, 'Activated'])
  expect(told(unit.at(30, nothingYet({ mayWake: true })))).toEqual([1, 'SourceAbsent'])
  expect(unit.memory.failures).toEqual({})
})

test('no number is not zero', () => {
  const unit = new VirtualUnit({ replicas: 4, policy: { cooldownMs: 0 } })
  expect(unit.at(900, backlog(NaN)).replicas).toBe(4)
  expect(unit.at(901, backlog(0, { target: 0 })).replicas).toBe(4)
  expect(unit.at(902, at => ({ kind: 'measured', trigger: 'queue', at, measurements: [] })).replicas).toBe(4)
})

test('a declared fallback begins at failure threshold + 1, and each trigger falls back alone', () => {
  const fallback = { failureThreshold: 2, replicas: 6, behavior: 'static' as const }
  const unit = new VirtualUnit({ policy: { ...two, fallback } })
  const seen = [0, 1, 2, 3].map(seconds => told(unit.at(seconds, failing(), backlog(0, {}, 'topic'))))
  expect(seen).toEqual([[0, 'SourceFailed'], [0, 'SourceFailed'], [6, 'Fallback'], [6, 'Fallback']])
  expect(unit.decision?.fallingBack).toEqual(['queue'])
  expect(told(unit.at(4, failing(), backlog(50, {}, 'topic')))).toEqual([10, 'Backlog'])
  expect(unit.at(5, backlog(50), backlog(50, {}, 'topic')).fallingBack).toEqual([])
})

test('a declared fallback may lower, through the window', () => {
  const fallback = { failureThreshold: 0, replicas: 2, behavior: 'static' as const }
  const unit = new VirtualUnit({ policy: { fallback }, replicas: 8 })
  unit.at(0, backlog(40))
  expect(told(unit.at(1, failing()))).toEqual([8, 'Stabilized'])
  expect(told(unit.at(300, failing()))).toEqual([2, 'Fallback'])
})

test('a fallback to none declares rest: after the cooldown, not at the first error', () => {
  const fallback = { failureThreshold: 1, replicas: 0, behavior: 'static' as const }
  const unit = new VirtualUnit({ policy: { fallback, cooldownMs: 60_000 }, replicas: 3 })
  unit.at(0, backlog(15))
  expect(told(unit.at(90, failing()))).toEqual([3, 'SourceFailed'])
  expect(told(unit.at(91, failing()))).toEqual([0, 'Deactivated'])
})

test('the same look handed in twice is one failure', () => {
  const fallback = { failureThreshold: 1, replicas: 6, behavior: 'static' as const }
  const unit = new VirtualUnit({ policy: { fallback } })
  const sameLook = () => failing()(7)
  unit.at(0, sameLook)
  expect(unit.at(1, sameLook).replicas).toBe(0)
  expect(unit.memory.failures['queue']).toEqual({ count: 1, lookedAt: 7 })
})
