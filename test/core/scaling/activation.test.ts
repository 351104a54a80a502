import { expect, test } from 'vitest'
import { seedMemory } from '../../../src/core/scaling/memory.js'
import { kedaDefaults } from '../../../src/core/scaling/rules.js'
import { backlog, failing, start, told, VirtualUnit } from './unit.js'

test('from zero straight to what the backlog needs, and back to zero after the cooldown', () => {
  const unit = new VirtualUnit()
  expect(told(unit.at(0, backlog(0)))).toEqual([0, 'Idle'])
  expect(unit.recheck).toBeUndefined()
  expect(told(unit.at(1, backlog(20)))).toEqual([4, 'Activated'])
  expect(told(unit.at(2, backlog(20)))).toEqual([4, 'SteadyState'])
  expect(told(unit.at(10, backlog(0)))).toEqual([4, 'CoolingDown'])
  expect(told(unit.at(301, backlog(0)))).toEqual([4, 'CoolingDown'])
  expect(unit.recheck).toBe(302)
  expect(told(unit.at(302, backlog(0)))).toEqual([1, 'CoolingDown'])
  expect(unit.recheck).toBeCloseTo(302.001, 6)
  expect(told(unit.at(302.001, backlog(0)))).toEqual([0, 'Deactivated'])
  expect(unit.recheck).toBeUndefined()
})

test('at +5 m still 4, at +5 m 2 s down to 0: the cooldown counts from the last activity', () => {
  const unit = new VirtualUnit({ replicas: 4 })
  unit.at(1, backlog(20))
  expect(unit.at(300, backlog(0)).replicas).toBe(4)
  expect(unit.at(302, backlog(0)).replicas).toBe(0)
})

test('while cooling down the backlog leads between one and the maximum, by the window', () => {
  const unit = new VirtualUnit({ policy: { cooldownMs: 3_600_000 }, replicas: 4 })
  unit.at(0, backlog(20))
  expect(told(unit.at(299, backlog(0)))).toEqual([4, 'CoolingDown'])
  expect(told(unit.at(300, backlog(0)))).toEqual([1, 'CoolingDown'])
  const busier = backlog(8, { activation: 10 })
  expect(told(unit.at(310, busier))).toEqual([2, 'Backlog'])
  expect(unit.decision?.active).toBe(false)
})

test('activation is strictly greater, and what the source says of itself wins', () => {
  const unit = new VirtualUnit()
  expect(unit.at(0, backlog(5, { activation: 5 })).replicas).toBe(0)
  expect(unit.at(1, backlog(9, { active: false })).replicas).toBe(0)
  expect(told(unit.at(2, backlog(0, { active: true })))).toEqual([1, 'Activated'])
})

test('idle mode: idle while inactive, at least the minimum while active', () => {
  const unit = new VirtualUnit({ policy: { idleReplicas: 1, minReplicas: 3, cooldownMs: 60_000 }, replicas: 1 })
  expect(told(unit.at(0, backlog(0)))).toEqual([1, 'Idle'])
  expect(told(unit.at(1, backlog(2)))).toEqual([3, 'Activated'])
  expect(told(unit.at(2, backlog(40)))).toEqual([8, 'Backlog'])
  expect(told(unit.at(61, backlog(0)))).toEqual([8, 'CoolingDown'])
  expect(told(unit.at(63, backlog(0)))).toEqual([1, 'Deactivated'])
})

test('a minimum without idle mode knows no activation', () => {
  const unit = new VirtualUnit({ policy: { minReplicas: 2 } })
  expect(told(unit.at(0, backlog(0)))).toEqual([2, 'AtMinimum'])
  expect(told(unit.at(1, backlog(50, { activation: 100 })))).toEqual([10, 'Backlog'])
})

test('before the first activity the initial cooldown counts from the creation', () => {
  const unit = new VirtualUnit({ policy: { createdAt: start, initialCooldownMs: 60_000, cooldownMs: 600_000 }, replicas: 2 })
  expect(told(unit.at(60, backlog(0)))).toEqual([1, 'CoolingDown'])
  expect(unit.recheck).toBeCloseTo(60.001, 6)
  expect(told(unit.at(60.001, backlog(0)))).toEqual([0, 'Deactivated'])
})

test('force-activation keeps one replica, whatever the triggers say', () => {
  const unit = new VirtualUnit({ policy: { forceActivation: true } })
  expect(told(unit.at(0, failing()))).toEqual([1, 'ForcedActivation'])
  expect(told(unit.at(600, backlog(0)))).toEqual([1, 'AtMinimum'])
  expect(unit.decision?.active).toBe(true)
})

test('a target that was taken over is not lowered before one full window; edits act at once', () => {
  const unit = new VirtualUnit({ memory: seedMemory(start, 8), replicas: 8, policy: { cooldownMs: 0 } })
  expect(told(unit.at(1, backlog(0)))).toEqual([8, 'Adopted'])
  expect(unit.recheck).toBe(300)
  unit.policy = { ...unit.policy, maxReplicas: 5 }
  expect(told(unit.at(2, backlog(0)))).toEqual([5, 'AtMaximum'])
  unit.policy = { ...unit.policy, paused: { kind: 'at', replicas: 2 } }
  expect(told(unit.at(3, backlog(0)))).toEqual([2, 'Paused'])
  const { paused: _, ...unpaused } = unit.policy
  unit.policy = unpaused
  expect(told(unit.at(4, backlog(60)))).toEqual([5, 'AtMaximum'])
  expect(told(unit.at(299, backlog(0)))).toEqual([5, 'Adopted'])
  expect(told(unit.at(300, backlog(0)))).toEqual([0, 'Deactivated'])
})

test('a target that was taken over does not go to rest before one cooldown, however short its window', () => {
  const scaleDown = { ...kedaDefaults.scaleDown, stabilizationWindowMs: 0 }
  const unit = new VirtualUnit({ memory: seedMemory(start, 8), replicas: 8, policy: { cooldownMs: 60_000, scaleDown } })
  expect(told(unit.at(1, backlog(20)))).toEqual([4, 'Backlog'])
  unit.memory = { ...seedMemory(start, 8), lastActiveAt: 0 }
  expect(told(unit.at(2, backlog(0)))).toEqual([1, 'CoolingDown'])
  expect(unit.recheck).toBeCloseTo(60.001, 6)
  expect(told(unit.at(60, backlog(0)))).toEqual([1, 'CoolingDown'])
  expect(told(unit.at(60.001, backlog(0)))).toEqual([0, 'Deactivated'])
  const found = new VirtualUnit({ memory: seedMemory(start, 0), policy: { cooldownMs: 60_000, scaleDown } })
  found.current = { spec: 3, status: 3, ready: 3 } // by hand
  expect(told(found.at(1, backlog(0)))).toEqual([0, 'Deactivated'])
})

test('what was raised after the take-over may go back to what was found', () => {
  const unit = new VirtualUnit({ memory: seedMemory(start, 0), replicas: 0, policy: { cooldownMs: 5_000 } })
  expect(told(unit.at(1, backlog(5)))[0]).toBe(1)
  expect(told(unit.at(7, backlog(0)))).toEqual([0, 'Deactivated'])
})
