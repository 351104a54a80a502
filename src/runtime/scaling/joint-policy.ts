import type { ScalePolicy } from '../../core/scaling/types.js'

/** One policy for all who speak for a target: a ScaledObject's own bounds stand; several Triggers alone take the widest of theirs. */
export function jointPolicy (policies: readonly ScalePolicy[], firstIsScaledObject: boolean): ScalePolicy {
  const [first, ...others] = policies
  if (first === undefined) throw new RangeError('a unit needs somebody who speaks for its target')
  const triggers = policies.flatMap(p => p.triggers)
  if (firstIsScaledObject) return { ...first, triggers }
  const widest = (of: (p: ScalePolicy) => number): number => Math.max(of(first), ...others.map(of))
  return { ...first, triggers, minReplicas: widest(p => p.minReplicas), maxReplicas: widest(p => p.maxReplicas), cooldownMs: widest(p => p.cooldownMs) }
}
