import type { EpochMs } from '../../clock.js'
import type { Reading, Step } from '../types.js'
import { minOf, roomOf } from './bounds.js'
import { demandOf, wishesOf, type JobsDemand } from './demand.js'
import type { JobsReason } from './reasons.js'
import { mostToCreate } from './strategy.js'
import type { JobCounts, JobsDecision, JobsInput, JobsPolicy } from './types.js'

/**
 * Chooses how many jobs to create: the only function that does. Pure and total. It never ends a job; what may not be known (the jobs
 * themselves, a source) creates none.
 */
export function decideJobs ({ now, policy, jobs, readings }: JobsInput): JobsDecision {
  const voting = readings.filter(({ trigger }) => policy.triggers.includes(trigger))
  const failed = voting.filter(({ kind }) => kind === 'failed')
  const bounds = { min: minOf(policy), room: roomOf(policy) }
  const demand = demandOf(wishesOf(voting, jobs?.running ?? 0, bounds.room), policy.combine, bounds)
  const common = { active: demand.active, failedTriggers: failed.map(({ trigger }) => trigger) }
  if (areJobsPaused(policy, now)) return { ...common, ...nothing('Paused', jobs, 'the object is paused') }
  if (jobs === undefined) return { ...common, ...nothing('JobsUnknown', jobs, 'the jobs that run are not known') }
  return { ...common, ...created(policy, jobs, demand, bounds, failed) }
}

/** Whether a pause binds at this instant. */
export const areJobsPaused = ({ paused, pausedUntil }: Pick<JobsPolicy, 'paused' | 'pausedUntil'>, now: EpochMs): boolean =>
  pausedUntil === undefined ? paused : now < pausedUntil

type Outcome = Pick<JobsDecision, 'create' | 'reason' | 'steps'>

function nothing (reason: JobsReason, jobs: JobCounts | undefined, because: string, steps: readonly Step[] = []): Outcome {
  const running = jobs?.running ?? 0
  return { create: 0, reason, steps: [...steps, { stage: 'create', from: running, to: running, because }] }
}

function created (policy: JobsPolicy, jobs: JobCounts, demand: JobsDemand, { min, room }: { readonly min: number, readonly room: number }, failed: readonly Reading[]): Outcome {
  const asked: Step = { stage: 'demand', from: jobs.running, to: demand.jobs, because: `${policy.combine} of the active triggers: a backlog of ${demand.backlog} asks for ${jobsText(demand.jobs)}` }
  if (!demand.active) return failed.length > 0 ? nothing('SourceFailed', jobs, failed.map(failureText).join('; '), [asked]) : nothing('Inactive', jobs, 'no trigger is active', [asked])
  const { most, backlog } = mostToCreate(policy.strategy, min, { ...jobs, ...demand, room })
  const create = Math.min(most, backlog)
  const isBelowMin = jobs.running < min
  const because = isBelowMin
    ? `${jobs.running} of the ${min} that always run are there`
    : `strategy ${policy.strategy.kind}: ${jobs.running} running, ${jobs.pending} pending, room for ${room}${min > 0 ? ` beside ${min}` : ''}`
  if (create > 0) return { create, reason: isBelowMin ? 'BelowMinimum' : 'Backlog', steps: [asked, { stage: 'create', from: jobs.running, to: jobs.running + create, because }] }
  return nothing(demand.jobs > 0 && jobs.running >= min + room ? 'AtMaximum' : 'EnoughJobs', jobs, because, [asked])
}

const failureText = (reading: Reading): string => reading.kind === 'failed' ? `${reading.trigger} could not be read: ${reading.code}` : reading.trigger

/** `1 job`, `3 jobs`. */
export const jobsText = (count: number): string => `${count} ${count === 1 ? 'job' : 'jobs'}`
