import { expect, test } from 'vitest'
import { hpaDefaults, kedaDefaults, rulesFrom } from '../../../src/core/scaling/rules.js'
import { backlog, failing, start, told, VirtualUnit } from './unit.js'

const noWindow = { ...kedaDefaults.scaleDown, stabilizationWindowMs: 0 }

test('the highest of five minutes holds a count against lowering, and says until when', () => {
  const unit = new VirtualUnit({ replicas: 1 })
  unit.at(0, backlog(50))
  unit.at(60, backlog(35))
  expect(told(unit.at(120, backlog(15)))).toEqual([10, 'Stabilized'])
  expect(unit.recheck).toBe(300)
  expect(told(unit.at(300, backlog(15)))).toEqual([7, 'Stabilized'])
  expect(unit.recheck).toBe(360)
  expect(told(unit.at(360, backlog(15)))).toEqual([3, 'Backlog'])
})

test('inside the tolerance the count stays', () => {
  const unit = new VirtualUnit({ replicas: 10 })
  expect(told(unit.at(0, backlog(54)))).toEqual([10, 'WithinTolerance'])
  expect(told(unit.at(1, backlog(56)))).toEqual([12, 'Backlog'])
})

test('an explicit scaleUp binds from zero too, with at least one replica', () => {
  const scaleUp = rulesFrom({ policies: [{ type: 'Percent', value: 100, periodMs: 10_000 }] }, kedaDefaults.scaleUp)
  const unit = new VirtualUnit({ policy: { scaleUp } })
  expect(told(unit.at(0, backlog(100)))).toEqual([1, 'Activated'])
  expect(told(unit.at(1, backlog(100)))).toEqual([1, 'RateLimited'])
  expect(unit.recheck).toBe(10)
  expect([10, 20, 30].map(seconds => unit.at(seconds, backlog(100)).replicas)).toEqual([2, 4, 8])
})

test('the defaults of the HPA, for who asks for them: four at first, then twice in 15 s', () => {
  const unit = new VirtualUnit({ policy: hpaDefaults })
  expect([0, 5, 15, 30, 45].map(seconds => unit.at(seconds, backlog(500)).replicas)).toEqual([4, 4, 8, 16, 32])
})

test('a disabled direction says so and wants no further look', () => {
  const unit = new VirtualUnit({ policy: { scaleUp: { ...kedaDefaults.scaleUp, selectPolicy: 'Disabled' } }, replicas: 2 })
  expect(told(unit.at(0, backlog(100)))).toEqual([2, 'RateLimited'])
  expect(unit.recheck).toBeUndefined()
})

test('rules: what is not written is free, what is left open in a written direction is the HPA’s', () => {
  expect(rulesFrom({ stabilizationWindowMs: 1000 }, kedaDefaults.scaleUp).policies).toEqual([])
  expect(rulesFrom({ stabilizationWindowMs: 1000 }, hpaDefaults.scaleUp).policies).toEqual(hpaDefaults.scaleUp.policies)
  expect(rulesFrom({}, kedaDefaults.scaleDown).stabilizationWindowMs).toBe(300_000)
})

test('busy replicas are not stopped, neither by a smaller backlog nor by rest', () => {
  const unit = new VirtualUnit({ policy: { scaleDown: noWindow, cooldownMs: 0 }, replicas: 8 })
  unit.current = { ...unit.current, busy: 5 }
  expect(told(unit.at(0, backlog(10)))).toEqual([5, 'Busy'])
  unit.current = { ...unit.current, busy: 2 }
  expect(told(unit.at(1, backlog(0)))).toEqual([2, 'Busy'])
  unit.current = { ...unit.current, busy: 0 }
  expect(told(unit.at(2, backlog(0)))).toEqual([0, 'Deactivated'])
})

test('a step is capped both ways, a bound is restored at once', () => {
  const unit = new VirtualUnit({ policy: { maxStep: 3, scaleDown: noWindow, cooldownMs: 0, minReplicas: 0 } })
  expect(told(unit.at(0, backlog(100)))).toEqual([3, 'RateLimited'])
  expect(told(unit.at(1, backlog(100)))).toEqual([6, 'RateLimited'])
  expect(told(unit.at(2, backlog(0)))).toEqual([3, 'RateLimited'])
  unit.policy = { ...unit.policy, minReplicas: 10 }
  expect(told(unit.at(3, backlog(0)))).toEqual([10, 'AtMinimum'])
})

test('a maximum that was lowered acts at once, even while a source fails', () => {
  const unit = new VirtualUnit({ replicas: 9, policy: { maxReplicas: 4 } })
  expect(told(unit.at(0, failing()))).toEqual([4, 'AtMaximum'])
})

test('a pause of one direction holds that direction only', () => {
  const unit = new VirtualUnit({ policy: { scaleDown: noWindow, cooldownMs: 0, pausedScaleIn: true }, replicas: 2 })
  expect(told(unit.at(0, backlog(0)))).toEqual([2, 'ScaleInPaused'])
  expect(told(unit.at(1, backlog(50)))).toEqual([10, 'Backlog'])
  unit.policy = { ...unit.policy, pausedScaleIn: false, pausedScaleOut: true }
  expect(told(unit.at(2, backlog(0)))).toEqual([0, 'Deactivated'])
  expect(told(unit.at(3, backlog(50)))).toEqual([0, 'ScaleOutPaused'])
  expect(unit.memory.lastActiveAt).toBe(start + 1000)
})

test('a whole pause keeps the count that is found, and one window passes after it', () => {
  const unit = new VirtualUnit({ policy: { paused: { kind: 'hold' }, cooldownMs: 3_600_000 }, replicas: 7 })
  expect(told(unit.at(0, backlog(500)))).toEqual([7, 'Paused'])
  const { paused: _, ...going } = unit.policy
  unit.policy = going
  unit.memory = { ...unit.memory, lastActiveAt: start }
  expect(told(unit.at(299, backlog(5)))).toEqual([7, 'Stabilized'])
  expect(told(unit.at(300, backlog(5)))).toEqual([1, 'Backlog'])
})

test('a count changed by somebody else is reported and corrected', () => {
  const unit = new VirtualUnit({ policy: { scaleDown: noWindow }, replicas: 2 })
  unit.at(0, backlog(10))
  unit.current = { spec: 9, status: 9, ready: 9 }
  const decision = unit.at(1, backlog(10))
  expect(decision.replicas).toBe(2)
  expect(decision.steps[0]).toMatchObject({ stage: 'foreign-change', because: 'found 9 replicas where 2 was set last' })
})

test('a source that can feed four gets four', () => {
  const unit = new VirtualUnit()
  expect(told(unit.at(0, backlog(100, { maxUseful: 4 })))).toEqual([4, 'Activated'])
})

test('a target for all replicas together never lowers on more than the target, nor while none is ready', () => {
  const inAll = { metricType: 'Value' as const, target: 10 }
  const unit = new VirtualUnit({ policy: { scaleDown: noWindow }, replicas: 3 })
  unit.current = { spec: 3, status: 3, ready: 1 }
  expect(unit.at(0, backlog(19.5, inAll)).replicas).toBe(3)
  unit.current = { spec: 3, status: 3, ready: 0 }
  expect(unit.at(1, backlog(1, inAll)).replicas).toBe(3)
  expect(unit.at(2, backlog(5, inAll)).replicas).toBe(2)
})

test('the trace begins at the count found and ends at the count decided', () => {
  const unit = new VirtualUnit({ policy: { maxReplicas: 6 } })
  const { steps } = unit.at(0, backlog(100))
  expect(steps.map(({ stage, from, to }) => [stage, from, to])).toEqual([['propose', 0, 20], ['activate', 20, 20], ['clamp', 20, 6]])
  expect(steps[0]?.because).toBe('queue has 100 at 5 each: 20 replicas')
})
