/**
 * Why a decision came out as it did: one code for every change and every non-change.
 * Each has one line, shown by `explain`, in conditions and in the reference.
 */
export const reasons = {
  Backlog: 'The triggers ask for this many replicas.',
  Activated: 'A trigger became active and the target was at zero or idle.',
  ForcedActivation: 'The force-activation annotation keeps the target active.',
  SteadyState: 'The count is what the triggers ask for.',
  WithinTolerance: 'The wish is so near to the present count that it is kept.',
  Stabilized: 'A higher (or lower) recent recommendation holds the count inside the stabilization window.',
  RateLimited: 'A scaling policy or the maximum step limits this change.',
  AtMaximum: 'The triggers ask for more than maxReplicaCount.',
  AtMinimum: 'The triggers ask for less than minReplicaCount.',
  CoolingDown: 'The triggers are inactive and the cooldown period is not over.',
  Deactivated: 'The triggers are inactive and the cooldown period is over.',
  Idle: 'The triggers are inactive and the target is at its idle (or zero) count.',
  Fallback: 'A trigger failed more often than its threshold and its fallback applies.',
  SourceFailed: 'A source could not be read; nothing is lowered on an error.',
  SourceAbsent: 'The source has nothing to say yet; the count is held.',
  Busy: 'Replicas that are working are not stopped.',
  Adopted: 'The target was taken over a short while ago; nothing is lowered before one full window.',
  Paused: 'Scaling is paused.',
  ScaleInPaused: 'Scaling down is paused.',
  ScaleOutPaused: 'Scaling up is paused.',
} as const

export type Reason = keyof typeof reasons
