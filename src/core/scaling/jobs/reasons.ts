/** Why a decision about jobs came out as it did: one code for each outcome, with its line for `explain`, conditions and the reference. */
export const jobsReasons = {
  Backlog: 'The triggers ask for more jobs than run.',
  BelowMinimum: 'Fewer jobs run than minReplicaCount asks for.',
  AtMaximum: 'The triggers ask for more jobs than maxReplicaCount leaves room for.',
  EnoughJobs: 'The jobs that run are as many as the triggers ask for.',
  Inactive: 'No trigger is active.',
  SourceFailed: 'No source could be read, or those that were are inactive and another failed; nothing is created on an error.',
  Paused: 'Scaling is paused; jobs that run go on.',
  JobsUnknown: 'The jobs that run could not be listed; unknown is not none, so nothing is created.',
} as const

export type JobsReason = keyof typeof jobsReasons
