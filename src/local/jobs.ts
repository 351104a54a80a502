import type { ScaledJob } from '../api/index.js'
import { TidegateError } from '../core/errors.js'
import type { JobRunner } from '../runtime/ports.js'
import type { Problem } from '../spec/problem.js'

/** No Jobs are run on one machine. */
export const noJobs: JobRunner = {
  problems: ({ origin }: ScaledJob): readonly Problem[] =>
    [{ code: 'TG_CONFIG_NOT_BUILT', severity: 'error', path: ['kind'], message: 'ScaledJob is not run on one machine yet', hint: 'use a ScaledObject on a Deployment', origin }],
  watch: (_scaledJob, listener) => { listener([]); return () => undefined },
  create: async () => { throw new TidegateError('TG_TARGET_START_FAILED', 'jobs are not run on one machine yet') },
  delete: async () => undefined,
  retain: () => undefined,
  abandon: () => undefined,
}
