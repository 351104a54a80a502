import type { FinishedType, JobView } from './types.js'

export interface HistoryLimits { readonly successful: number, readonly failed: number }

type Finished = Pick<JobView, 'name' | 'finished' | 'finishedAt'>

/** The oldest finished Jobs beyond each limit, by the instant they ended; of one instant by name, so that everybody chooses the same. */
export function beyondHistory<J extends Finished> (jobs: readonly J[], limits: HistoryLimits): readonly J[] {
  const beyond = (type: FinishedType, limit: number): readonly J[] => {
    const some = jobs.filter(job => job.finished === type).sort(byEnd)
    return some.slice(0, Math.max(0, some.length - limit))
  }
  return [...beyond('Complete', limits.successful), ...beyond('Failed', limits.failed)]
}

const byEnd = (a: Finished, b: Finished): number => (a.finishedAt ?? 0) - (b.finishedAt ?? 0) || (a.name < b.name ? -1 : 1)

/** Jobs of an earlier spec, running ones too; none are deleted where the new spec comes gradually. */
export function outdatedJobs<J extends Pick<JobView, 'generation'>> (jobs: readonly J[], generation: string, rollout: 'gradual' | 'immediate'): readonly J[] {
  return rollout === 'gradual' ? [] : jobs.filter(job => job.generation !== generation)
}
