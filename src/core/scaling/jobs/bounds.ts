import type { JobsPolicy } from './types.js'

/** KEDA's maximum where none is written. */
const defaultMax = 100

/** Jobs that always run: a minimum above the maximum counts as the maximum. */
export function minOf ({ minJobs, maxJobs = Infinity }: Pick<JobsPolicy, 'minJobs' | 'maxJobs'>): number {
  return Math.min(minJobs, maxJobs)
}

/**
 * Most jobs beside the minimum. A maximum that is not written is 100 of them, from which the minimum is not taken; one below the minimum
 * is not lowered by it (KEDA's MaxReplicaCount).
 */
export function roomOf ({ minJobs, maxJobs }: Pick<JobsPolicy, 'minJobs' | 'maxJobs'>): number {
  if (maxJobs === undefined) return defaultMax
  return minJobs > maxJobs ? maxJobs : maxJobs - minJobs
}
