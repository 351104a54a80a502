import { readJobSpec, type Container } from './workload/index.js'
import type { ScaledJob } from './scaled-job.js'
import type { ScaledObject } from './scaled-object.js'

/** An object that has scale triggers. */
export type Scaled = ScaledObject | ScaledJob

/** Container whose environment `…FromEnv` parameters are read from; undefined: the first. */
export const environmentContainer = (object: Scaled): string | undefined =>
  object.kind === 'ScaledObject' ? object.spec.scaleTargetRef.envSourceContainerName : object.spec.envSourceContainerName

/** The containers of a ScaledJob's jobs, as far as they are read; none where they cannot be. */
export const jobContainers = ({ spec }: ScaledJob): readonly Container[] => readJobSpec(spec.jobTargetRef).spec?.template.spec.containers ?? []
