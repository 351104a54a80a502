import { expect, test } from 'vitest'
import { seedMemory } from '../../../src/core/scaling/memory.js'
import { kedaDefaults } from '../../../src/core/scaling/rules.js'
import { reasons, type Reason } from '../../../src/core/scaling/reasons.js'
import { backlog, failing, nothingYet, start, VirtualUnit, type Look, type UnitOptions } from './unit.js'

const noWindow = { ...kedaDefaults.scaleDown, stabilizationWindowMs: 0 }
const four = { replicas: 4 }
const recommended = (replicas: number) => ({ ...seedMemory(0, replicas), recommendations: [{ at: start, replicas }], lastActiveAt: start })

/** For each reason one decision, 60 s after the start, that comes out with it. */
const ways: Readonly<Record<Reason, readonly [UnitOptions, Look]>> = {
  Backlog: [four, backlog(30)],
  Activated: [{}, backlog(30)],
  ForcedActivation: [{ policy: { forceActivation: true } }, backlog(0)],
  SteadyState: [four, backlog(20)],
  WithinTolerance: [four, backlog(21)],
  Stabilized: [{ ...four, memory: recommended(4) }, backlog(10)],
  RateLimited: [{ ...four, policy: { maxStep: 1 } }, backlog(30)],
  AtMaximum: [{ ...four, policy: { maxReplicas: 5 } }, backlog(30)],
  AtMinimum: [{ ...four, policy: { minReplicas: 6 } }, backlog(25)],
  CoolingDown: [{ ...four, memory: recommended(4) }, backlog(0)],
  Deactivated: [four, backlog(0)],
  Idle: [{}, backlog(0)],
  Fallback: [{ ...four, policy: { fallback: { failureThreshold: 0, replicas: 9, behavior: 'static' } } }, failing()],
  SourceFailed: [four, failing()],
  SourceAbsent: [four, nothingYet()],
  Busy: [{ ...four, policy: { scaleDown: noWindow } }, backlog(5)],
  Adopted: [{ ...four, memory: { ...recommended(0), adoptedAt: start, adoptedReplicas: 4 } }, backlog(5)],
  Paused: [{ ...four, policy: { paused: { kind: 'hold' } } }, backlog(0)],
  ScaleInPaused: [{ ...four, policy: { pausedScaleIn: true } }, backlog(0)],
  ScaleOutPaused: [{ policy: { pausedScaleOut: true } }, backlog(30)],
}

test.each(Object.entries(ways))('%s', (reason, [options, look]) => {
  const unit = new VirtualUnit(options)
  if (reason === 'Busy') unit.current = { ...unit.current, busy: 3 }
  const decision = unit.at(60, look)
  expect(decision.reason).toBe(reason)
  expect(reasons[decision.reason]).toMatch(/[.]$/)
  expect(decision.steps.length).toBeGreaterThan(0)
})
