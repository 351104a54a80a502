import { integer, object, readDocument, type Path, type Problem, type ValueOf } from '../../spec/index.js'
import { prune } from '../../spec/prune.js'
import { podTemplateField } from './pod.js'

/** The part of a batch/v1 JobSpec that is read. */
export const jobSpec = object({
  template: podTemplateField,
  backoffLimit: integer({ summary: 'Failures of its pods before the job fails.', default: 6, min: 0 }),
  activeDeadlineSeconds: integer({ summary: 'Longest time from its start to its end.', optional: true, min: 1 }),
  ttlSecondsAfterFinished: integer({ summary: 'How long a finished job is kept.', optional: true, min: 0 }),
}, { summary: 'A task that is run to its end.' })

export type JobSpec = ValueOf<typeof jobSpec>

/** A JobSpec, or the problems that stand against it; paths begin at the spec. What is not understood is listed in `ignored`. */
export function readJobSpec (raw: unknown): { readonly spec: JobSpec | undefined, readonly problems: readonly Problem[], readonly ignored: readonly Path[] } {
  const { kept, ignored } = prune(jobSpec, raw)
  const read = readDocument(jobSpec, kept)
  return { spec: read.ok ? read.value : undefined, problems: read.problems, ignored }
}
