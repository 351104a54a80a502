import type { EpochMs } from '../../clock.js'
import type { Reading, Step } from '../types.js'
import type { JobsReason } from './reasons.js'
import type { JobStrategy } from './strategy.js'

/** Everything the user wrote about the jobs of one ScaledJob, resolved (reference: keda.md b). */
export interface JobsPolicy {
  /** `minReplicaCount`: jobs that always run. */
  readonly minJobs: number
  /** `maxReplicaCount`; undefined where it is not written: then 100, from which no minimum is taken. */
  readonly maxJobs: number | undefined
  readonly strategy: JobStrategy
  /** How the active triggers are made one. */
  readonly combine: Combination
  /** Triggers whose readings count; a reading of a trigger not named here is ignored. */
  readonly triggers: readonly string[]
  readonly paused: boolean
  /** Instant at which the pause ends; with no pause written it is paused until then. */
  readonly pausedUntil?: EpochMs
}
export type Combination = 'max' | 'min' | 'avg' | 'sum'

/** Jobs that have not finished; `pending` of them do no work yet. */
export interface JobCounts { readonly running: number, readonly pending: number }

export interface JobsInput {
  readonly now: EpochMs
  readonly policy: JobsPolicy
  /** Undefined: the jobs could not be listed. Unknown is not none: nothing is created. */
  readonly jobs: JobCounts | undefined
  readonly readings: readonly Reading[]
}

export interface JobsDecision {
  /** Jobs to create now, ≥ 0. Running ones are never ended by a decision. */
  readonly create: number
  readonly reason: JobsReason
  /** Counts in the steps are of running jobs. */
  readonly steps: readonly Step[]
  /** Whether a trigger is active, or a minimum asks for jobs whatever the triggers say. */
  readonly active: boolean
  readonly failedTriggers: readonly string[]
}

/** A condition of a Job or pod, as far as it is looked at. */
export interface StatusCondition { readonly type: string, readonly status: string }

/** One pod of a Job. */
export interface JobPod {
  /** `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`. */
  readonly phase: string
  /** Types of its conditions that are True. */
  readonly trueConditions: readonly string[]
}

/** One Job of a ScaledJob, as last seen. */
export interface JobView {
  readonly name: string
  readonly createdAt: EpochMs
  /** Of the ScaledJob's spec that it was made from; undefined where it says none. */
  readonly generation: string | undefined
  /** Made for this very ScaledJob, not only labelled with its name. Others are counted and never deleted. */
  readonly isOwned: boolean
  /** How it ended; undefined while it runs. */
  readonly finished: FinishedType | undefined
  readonly finishedAt: EpochMs | undefined
  readonly isEnding: boolean
  readonly pods: readonly JobPod[]
}
export type FinishedType = 'Complete' | 'Failed'
