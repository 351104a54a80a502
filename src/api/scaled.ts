import type { ScaledJob } from './scaled-job.js'
import type { ScaledObject } from './scaled-object.js'

/** An object that has scale triggers. */
export type Scaled = ScaledObject | ScaledJob

/** Container whose environment `…FromEnv` parameters are read from; undefined: the first. */
export const environmentContainer = (object: Scaled): string | undefined =>
  object.kind === 'ScaledObject' ? object.spec.scaleTargetRef.envSourceContainerName : object.spec.envSourceContainerName
