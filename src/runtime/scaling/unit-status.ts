import type { EpochMs } from '../../core/clock.js'
import { policyAt } from '../../core/scaling/pause.js'
import { reasons } from '../../core/scaling/reasons.js'
import type { Decision, Reading, ScalePolicy } from '../../core/scaling/types.js'
import type { Condition, Rival } from '../ports.js'

/** Whose words they are: a Trigger that scales its function alone has no ScaledObject to speak of. */
type Kind = 'ScaledObject' | 'Trigger'

/** The conditions of a ScaledObject after a decision, with KEDA's types, reasons and messages (reference: keda.md a.5). */
export function scalingConditions (decision: Decision, policy: ScalePolicy, readings: readonly Reading[], now: EpochMs, rival?: Rival, kind: Kind = 'ScaledObject'): readonly Condition[] {
  const pause = pauseWords(policy, now, kind)
  return rival === undefined
    ? [ready(decision, readings), active(decision, pause, kind), fallback(decision), paused(pause, kind)]
    : [...notScaled('TG_TARGET_CONFLICT', rival.message), fallback(decision), paused(pause, kind)]
}

/** Ready and Active of an object that scales nothing, whatever its triggers say. */
export const notScaled = (reason: string, why: string, because = why): readonly Condition[] => [
  { type: 'Ready', status: 'False', reason, message: why },
  { type: 'Active', status: 'False', reason, message: `Scaling is not performed: ${because}` },
]

function ready (decision: Decision, readings: readonly Reading[]): Condition {
  const failed = readings.filter(r => r.kind === 'failed')
  const problems = [...failed.map(r => `${r.trigger}: ${r.code} ${r.message}`), ...(decision.formulaProblem === undefined ? [] : [`formula: ${decision.formulaProblem}`])]
  if (problems.length === 0) return { type: 'Ready', status: 'True', reason: 'ScaledObjectReady', message: 'ScaledObject is defined correctly and is ready for scaling' }
  const which = problems.join('; ')
  return decision.active && failed.length < readings.length // activity that is nothing but a fallback is no trigger that works
    ? { type: 'Ready', status: 'Unknown', reason: 'PartialTriggerError', message: `Some triggers defined in ScaledObject are not working correctly (${which})` }
    : { type: 'Ready', status: 'False', reason: 'TriggerError', message: `Triggers defined in ScaledObject are not working correctly (${which})` }
}

/** Whether every source was looked at and none failed: what follows from it is a decision to go by. */
export const isWellRead = (readings: readonly Reading[], voices: number): boolean =>
  readings.length === voices && readings.some(r => r.kind === 'measured') && readings.every(r => r.kind !== 'failed')

function active (decision: Decision, pause: Pause | undefined, kind: Kind): Condition {
  if (pause?.isWhole === true) return { type: 'Active', status: 'False', reason: `${kind}Paused`, message: `Scaling is not performed because ${pause.words}` }
  if (decision.active) return { type: 'Active', status: 'True', reason: 'ScalerActive', message: `Scaling is performed because ${whyActive(decision)}` }
  return decision.reason === 'CoolingDown'
    ? { type: 'Active', status: 'False', reason: 'ScalerCooldown', message: 'Scaler cooling down because triggers are not active' }
    : { type: 'Active', status: 'False', reason: 'ScalerNotActive', message: `Scaling is not performed because triggers are not active (${reasons[decision.reason]})` }
}

function whyActive ({ activeTriggers, fallingBack }: Decision): string {
  if (activeTriggers.length === 0) return 'activation is being forced by annotation'
  return activeTriggers.every(trigger => fallingBack.includes(trigger)) ? `of the fallback of ${activeTriggers.join(', ')}` : 'triggers are active'
}

/** Which trigger fell back to what, and why. */
export const fallbackWords = ({ steps, fallingBack }: Pick<Decision, 'steps' | 'fallingBack'>): string => steps.find(step => step.stage === 'fallback')?.because ?? fallingBack.join(', ')

function fallback (decision: Decision): Condition {
  return decision.fallingBack.length > 0
    ? { type: 'Fallback', status: 'True', reason: 'FallbackExists', message: `At least one trigger is falling back on this scaled object: ${fallbackWords(decision)}` }
    : { type: 'Fallback', status: 'False', reason: 'NoFallbackFound', message: 'No fallbacks are active on this scaled object' }
}

interface Pause {
  readonly words: string
  /** Both ways: no trigger has a say. */
  readonly isWhole: boolean
}

/** What of the object is paused now; undefined: nothing. */
function pauseWords (policy: ScalePolicy, now: EpochMs, kind: Kind): Pause | undefined {
  const { paused, pausedScaleIn, pausedScaleOut, pausedUntil } = policyAt(policy, now)
  const end = pausedUntil === undefined ? '' : ` until ${new Date(pausedUntil).toISOString()}`
  if (paused?.kind === 'hold') return { words: `${kind} is paused${end}`, isWhole: true }
  if (paused?.kind === 'at') return { words: `${kind} is paused at ${paused.replicas} replica${paused.replicas === 1 ? '' : 's'}${end}`, isWhole: true }
  const ways = [...(pausedScaleIn ? ['scale-in'] : []), ...(pausedScaleOut ? ['scale-out'] : [])]
  return ways.length === 0 ? undefined : { words: `${ways.join(' and ')} of ${kind} ${ways.length === 1 ? 'is' : 'are'} paused${end}`, isWhole: false }
}

function paused (pause: Pause | undefined, kind: Kind): Condition {
  return pause === undefined
    ? { type: 'Paused', status: 'False', reason: `${kind}Unpaused`, message: `${kind} is not paused` }
    : { type: 'Paused', status: 'True', reason: `${kind}Paused`, message: pause.words }
}
