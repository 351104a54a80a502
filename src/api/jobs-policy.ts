import { digest } from '../core/digest.js'
import { strategyFrom } from '../core/scaling/jobs/strategy.js'
import type { HistoryLimits } from '../core/scaling/jobs/cleanup.js'
import type { JobsPolicy } from '../core/scaling/jobs/types.js'
import { scalingAnnotations } from './annotations.js'
import { triggerKey } from './scale-trigger.js'
import type { ScaledJob } from './scaled-job.js'

/** Everything that a ScaledJob says about how many jobs there are. */
export function jobsPolicyOf ({ spec, metadata }: ScaledJob): JobsPolicy {
  const { paused, pausedUntil } = scalingAnnotations(metadata.annotations)
  return {
    minJobs: spec.minReplicaCount,
    maxJobs: spec.maxReplicaCount,
    strategy: strategyFrom(spec.scalingStrategy),
    combine: spec.scalingStrategy.multipleScalersCalculation,
    triggers: spec.triggers.map(triggerKey),
    paused,
    ...(pausedUntil === undefined ? {} : { pausedUntil }),
  }
}

export const historyLimitsOf = ({ spec }: ScaledJob): HistoryLimits =>
  ({ successful: spec.successfulJobsHistoryLimit, failed: spec.failedJobsHistoryLimit })

/** What becomes of jobs of an earlier spec, and how they are deleted. The old field wins where it is written. */
export function rolloutOf ({ spec }: ScaledJob): { readonly strategy: 'gradual' | 'immediate', readonly propagation: 'foreground' | 'background' } {
  return { strategy: spec.rolloutStrategy ?? spec.rollout?.strategy ?? 'immediate', propagation: spec.rollout?.propagationPolicy ?? 'background' }
}

/** Changes when the spec does: the API server's generation; where nobody counts generations, a digest of the spec. */
export function generationOf ({ spec, metadata }: ScaledJob): string {
  return metadata.generation === undefined ? digest(JSON.stringify(spec)) : String(metadata.generation)
}
