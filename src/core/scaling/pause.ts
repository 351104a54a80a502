import type { EpochMs } from '../clock.js'
import type { ScalePolicy } from './types.js'

/** A policy as it binds at an instant: a pause with an end is one until then, and none from then on. */
export function policyAt (policy: ScalePolicy, now: EpochMs): ScalePolicy {
  if (policy.pausedUntil === undefined) return policy
  const { pausedUntil, paused, ...others } = policy
  if (now >= pausedUntil) return { ...others, pausedScaleIn: false, pausedScaleOut: false }
  const isOneWay = policy.pausedScaleIn || policy.pausedScaleOut
  return paused === undefined && !isOneWay ? { ...policy, paused: { kind: 'hold' } } : policy
}

/** Whether any pause binds at this instant. */
export function isPausedAt (policy: ScalePolicy, now: EpochMs): boolean {
  const { paused, pausedScaleIn, pausedScaleOut } = policyAt(policy, now)
  return paused !== undefined || pausedScaleIn || pausedScaleOut
}
