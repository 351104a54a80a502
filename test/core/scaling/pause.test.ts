import { expect, test } from 'vitest'
import { isPausedAt } from '../../../src/core/scaling/pause.js'
import { backlog, policyOf, start, told, VirtualUnit } from './unit.js'

const at = (seconds: number): number => start + seconds * 1000

test('a pause until an instant holds the count, asks to be looked at again then, and acts by itself', () => {
  const unit = new VirtualUnit({ policy: { pausedUntil: at(90) }, replicas: 2 })
  expect(told(unit.at(0, backlog(50)))).toEqual([2, 'Paused'])
  expect(unit.recheck).toBe(90)
  expect(unit.decision?.steps.at(-1)?.because).toBe(`paused at 2 replicas until ${new Date(at(90)).toISOString()}`)
  expect(told(unit.at(90, backlog(50)))).toEqual([10, 'Backlog'])
  expect(unit.recheck).toBeUndefined()
})

test('it ends the other pauses too, and adds none to them', () => {
  const held = new VirtualUnit({ policy: { pausedUntil: at(90), paused: { kind: 'at', replicas: 7 } }, replicas: 2 })
  expect(told(held.at(0, backlog(50)))).toEqual([7, 'Paused'])
  expect(told(held.at(90, backlog(50)))).toEqual([10, 'Backlog'])
  const upward = new VirtualUnit({ policy: { pausedUntil: at(90), pausedScaleOut: true }, replicas: 2 })
  expect(told(upward.at(0, backlog(50)))).toEqual([2, 'ScaleOutPaused'])
  expect(upward.recheck).toBe(90)
  expect(told(upward.at(90, backlog(50)))).toEqual([10, 'Backlog'])
})

test('a pause that is over is none', () => {
  const policy = policyOf({ pausedUntil: at(90), pausedScaleIn: true })
  expect([isPausedAt(policy, at(89)), isPausedAt(policy, at(90))]).toEqual([true, false])
})
