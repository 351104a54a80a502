import type { EpochMs } from '../core/clock.js'
import { isPausedAt } from '../core/scaling/pause.js'
import { reasons } from '../core/scaling/reasons.js'
import type { Decision, Reading, ScalePolicy } from '../core/scaling/types.js'
import type { Condition, Rival } from './ports.js'

/** The conditions of a ScaledObject after a decision, with KEDA's types, reasons and messages (reference: keda.md a.5). */
export function scalingConditions (decision: Decision, policy: ScalePolicy, readings: readonly Reading[], now: EpochMs, rival?: Rival): readonly Condition[] {
  return [rival === undefined ? ready(decision, readings) : heldUp(rival), active(decision), fallback(decision), paused(policy, now)]
}

function ready (decision: Decision, readings: readonly Reading[]): Condition {
  const failed = readings.filter(r => r.kind === 'failed')
  const problems = [...failed.map(r => `${r.trigger}: ${r.code} ${r.message}`), ...(decision.formulaProblem === undefined ? [] : [`formula: ${decision.formulaProblem}`])]
  if (problems.length === 0) return { type: 'Ready', status: 'True', reason: 'ScaledObjectReady', message: 'ScaledObject is defined correctly and is ready for scaling' }
  const which = problems.join('; ')
  return decision.active
    ? { type: 'Ready', status: 'Unknown', reason: 'PartialTriggerError', message: `Some triggers defined in ScaledObject are not working correctly (${which})` }
    : { type: 'Ready', status: 'False', reason: 'TriggerError', message: `Triggers defined in ScaledObject are not working correctly (${which})` }
}

const heldUp = ({ message }: Rival): Condition => ({ type: 'Ready', status: 'False', reason: 'TG_TARGET_CONFLICT', message: `TG_TARGET_CONFLICT ${message}` })

/** Whether every source was looked at and none failed: what follows from it is a decision to go by. */
export const isWellRead = (readings: readonly Reading[], voices: number): boolean =>
  readings.length === voices && readings.some(r => r.kind === 'measured') && readings.every(r => r.kind !== 'failed')

function active (decision: Decision): Condition {
  if (decision.active) return { type: 'Active', status: 'True', reason: 'ScalerActive', message: decision.activeTriggers.length === 0 ? 'Scaling is performed because activation is being forced by annotation' : 'Scaling is performed because triggers are active' }
  return decision.reason === 'CoolingDown'
    ? { type: 'Active', status: 'False', reason: 'ScalerCooldown', message: 'Scaler cooling down because triggers are not active' }
    : { type: 'Active', status: 'False', reason: 'ScalerNotActive', message: `Scaling is not performed because triggers are not active (${reasons[decision.reason]})` }
}

function fallback (decision: Decision): Condition {
  return decision.fallingBack.length > 0
    ? { type: 'Fallback', status: 'True', reason: 'FallbackExists', message: `At least one trigger is falling back on this scaled object: ${decision.fallingBack.join(', ')}` }
    : { type: 'Fallback', status: 'False', reason: 'NoFallbackFound', message: 'No fallbacks are active on this scaled object' }
}

function paused (policy: ScalePolicy, now: EpochMs): Condition {
  return isPausedAt(policy, now)
    ? { type: 'Paused', status: 'True', reason: 'ScaledObjectPaused', message: 'ScaledObject is paused' }
    : { type: 'Paused', status: 'False', reason: 'ScaledObjectUnpaused', message: 'ScaledObject is not paused' }
}
