import { generationOf, historyLimitsOf, jobsPolicyOf, rolloutOf, type ScaledJob } from '../../api/index.js'
import type { HistoryLimits } from '../../core/scaling/jobs/cleanup.js'
import type { JobsPolicy } from '../../core/scaling/jobs/types.js'
import type { EpochMs } from '../ports.js'
import type { Voice } from '../scaling/voice.js'

/** What the user wants of one ScaledJob; an edit replaces the whole. */
export interface JobPlan {
  readonly scaledJob: ScaledJob
  /** Of the object; where nobody gives uids, its name. */
  readonly uid: string
  readonly createdAt: EpochMs
  readonly policy: JobsPolicy
  /** Of the spec that jobs are made from now. */
  readonly generation: string
  readonly limits: HistoryLimits
  readonly rollout: ReturnType<typeof rolloutOf>
  readonly pendingPodConditions: readonly string[]
  readonly pollingIntervalMs: number
  readonly voices: readonly Voice[]
}

export function jobPlan (scaledJob: ScaledJob, createdAt: EpochMs, voices: readonly Voice[]): JobPlan {
  const { metadata: { namespace, name, uid = `${namespace}/${name}` }, spec } = scaledJob
  return {
    scaledJob, uid, createdAt, voices,
    policy: jobsPolicyOf(scaledJob), generation: generationOf(scaledJob), limits: historyLimitsOf(scaledJob), rollout: rolloutOf(scaledJob),
    pendingPodConditions: spec.scalingStrategy.pendingPodConditions, pollingIntervalMs: spec.pollingIntervalMs,
  }
}
