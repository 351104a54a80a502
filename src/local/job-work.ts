import { readJobSpec, type ScaledJob } from '../api/index.js'
import type { Path, Problem } from '../spec/problem.js'
import { podPlan, type PodPlan } from './pod-plan.js'

/** How a Job of a ScaledJob is run here: one process group at a time, to its end. Plain data: it is kept with the Job. */
export interface JobWork {
  readonly plan: PodPlan
  /** Failures that are not its last. */
  readonly backoffLimit: number
  readonly deadlineMs?: number
  /** How long it is kept after its end. */
  readonly keptMs?: number
}

const target: Path = ['spec', 'jobTargetRef']

/** The work of a ScaledJob as it is now, and what stands against it or is left out; without work there is an error among the problems. */
export function jobWork ({ metadata, spec, origin }: ScaledJob, isStrict: boolean): { readonly work: JobWork | undefined, readonly problems: readonly Problem[] } {
  const { spec: job, problems, ignored } = readJobSpec(spec.jobTargetRef)
  const found = problems.map(problem => ({ ...problem, path: [...target, ...problem.path], origin }))
  if (job === undefined) return { work: undefined, problems: found }
  const leftOut = ignored.filter(path => !isMeant(path, spec.jobTargetRef)).map((path): Problem =>
    ({ code: 'TG_CONFIG_NOT_LOCAL', severity: isStrict ? 'error' : 'warning', path: [...target, ...path], message: 'is not run on one machine', origin }))
  const plan = podPlan({ metadata, spec: { template: job.template }, origin })
  if ('code' in plan) return { work: undefined, problems: [...found, ...leftOut, { ...plan, path: [...target, ...plan.path.slice(1)] }] }
  const work = {
    plan, backoffLimit: job.backoffLimit,
    ...(job.activeDeadlineSeconds === undefined ? {} : { deadlineMs: job.activeDeadlineSeconds * 1000 }),
    ...(job.ttlSecondsAfterFinished === undefined ? {} : { keptMs: job.ttlSecondsAfterFinished * 1000 }),
  }
  return { work, problems: [...found, ...leftOut] }
}

/** What means the same here: one pod at a time, and a pod that failed is followed by another whatever the restart policy says. */
function isMeant (path: Path, spec: Readonly<Record<string, unknown>>): boolean {
  const [first, second, third] = path
  if (path.length === 1 && (first === 'parallelism' || first === 'completions')) return spec[first] === 1
  if (first === 'template' && second === 'spec' && third === 'restartPolicy') return true
  return first === 'template' && second === 'spec' && third === 'containers' && path[3] !== 0
}
