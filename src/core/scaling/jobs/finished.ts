import type { FinishedType, JobCounts, JobPod, JobView, StatusCondition } from './types.js'

const finishedTypes: readonly FinishedType[] = ['Complete', 'Failed']

/** How a Job ended, by its conditions; undefined while it runs. */
export function finishedTypeOf (conditions: readonly StatusCondition[]): FinishedType | undefined {
  return finishedTypes.find(type => conditions.some(condition => condition.type === type && condition.status === 'True'))
}

/**
 * Whether a Job that runs does no work yet: none of its pods runs or ran; where condition types are given, none has all of them True.
 */
export function isPending (pods: readonly JobPod[], pendingPodConditions: readonly string[]): boolean {
  if (pendingPodConditions.length === 0) return !pods.some(({ phase }) => phase === 'Running' || phase === 'Succeeded')
  return !pods.some(({ trueConditions }) => pendingPodConditions.every(type => trueConditions.includes(type)))
}

/** Jobs that count against the wishes. One that is being deleted still runs. */
export function countJobs (jobs: readonly JobView[], pendingPodConditions: readonly string[]): JobCounts {
  const running = jobs.filter(job => job.finished === undefined)
  return { running: running.length, pending: running.filter(job => isPending(job.pods, pendingPodConditions)).length }
}
