import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decideJobs } from '../../../../src/core/scaling/jobs/decide.js'
import type { jobsReasons } from '../../../../src/core/scaling/jobs/reasons.js'
import type { JobsInput, JobsPolicy } from '../../../../src/core/scaling/jobs/types.js'
import type { Reading } from '../../../../src/core/scaling/types.js'

const now = Date.UTC(2026, 7, 20)
const policy: JobsPolicy = { minJobs: 0, maxJobs: 10, strategy: { kind: 'default' }, combine: 'max', triggers: ['queue', 'other'], paused: false }
const backlog = (value: number, trigger = 'queue'): Reading =>
  ({ kind: 'measured', trigger, at: now, measurements: [{ name: trigger, value, target: 1, activation: 0, metricType: 'AverageValue' }] })
const failed = (trigger: string): Reading => ({ kind: 'failed', trigger, at: now, code: 'TG_SOURCE_UNREACHABLE', message: 'no answer' })
const decide = ({ policy: more, ...input }: Omit<Partial<JobsInput>, 'policy'> & { readonly policy?: Partial<JobsPolicy> }) =>
  decideJobs({ now, jobs: { running: 0, pending: 0 }, readings: [], ...input, policy: { ...policy, ...more } })

describe('each reason has a decision that comes to it', () => {
  const cases: Readonly<Record<keyof typeof jobsReasons, Parameters<typeof decide>[0]>> = {
    Backlog: { readings: [backlog(3)] },
    BelowMinimum: { policy: { minJobs: 2 }, readings: [backlog(0)] },
    AtMaximum: { readings: [backlog(30)], jobs: { running: 10, pending: 0 } },
    EnoughJobs: { readings: [backlog(3)], jobs: { running: 3, pending: 1 } },
    Inactive: { readings: [backlog(0)] },
    SourceFailed: { readings: [backlog(0), failed('other')] },
    Paused: { policy: { paused: true }, readings: [backlog(3)] },
    JobsUnknown: { readings: [backlog(3)], jobs: undefined },
  }
  test.each(Object.entries(cases))('%s', (reason, input) => {
    const decision = decide(input)
    expect(decision.reason).toBe(reason)
    expect(decision.create > 0).toBe(reason === 'Backlog' || reason === 'BelowMinimum')
    expect(decision.steps.at(-1)?.because).not.toBe('')
  })
})

describe('KEDA\'s minReplicaCount (min_replica_sj)', () => {
  const total = (minJobs: number, maxJobs: number, value: number): number => {
    let running = 0
    for (let poll = 0; poll < 5; poll++) running += decide({ policy: { minJobs, maxJobs }, readings: [backlog(value)], jobs: { running, pending: 0 } }).create
    return running
  }
  test.each([[2, 10, 0, 2], [1, 10, 1, 2], [2, 1, 0, 1], [2, 4, 3, 4]])('min %i, max %i and a value of %i come to %i jobs', (min, max, value, jobs) => {
    expect(total(min, max, value)).toBe(jobs)
  })
})

test('what failed asks for nothing, and the others go on', () => {
  expect(decide({ readings: [backlog(2), failed('other')] })).toMatchObject({ create: 2, active: true, failedTriggers: ['other'] })
})

test('a minimum is kept though no source can be read', () => {
  expect(decide({ policy: { minJobs: 1 }, readings: [failed('queue'), failed('other')] })).toMatchObject({ create: 1, active: true })
})

test('a source that is not there yet and wants its consumer first gets one job, and no second one beside it', () => {
  const readings: Reading[] = [{ kind: 'absent', trigger: 'queue', at: now, why: 'no consumer yet', mayWake: true }]
  expect(decide({ readings }).create).toBe(1)
  expect(decide({ readings, jobs: { running: 1, pending: 0 }, policy: { strategy: { kind: 'accurate' } } }).create).toBe(0)
})

test('a pause with an end is one until then, and none from then on', () => {
  const at = (paused: boolean, pausedUntil: number): string => decide({ policy: { paused, pausedUntil }, readings: [backlog(1)] }).reason
  expect([at(false, now + 1), at(true, now + 1), at(true, now), at(false, now - 1)]).toEqual(['Paused', 'Paused', 'Backlog', 'Backlog'])
})

test('an activation threshold is to be exceeded', () => {
  const at = (value: number): number => decide({ readings: [{ kind: 'measured', trigger: 'queue', at: now, measurements: [{ name: 'n', value, target: 1, activation: 5, metricType: 'AverageValue' }] }] }).create
  expect([at(5), at(6)]).toEqual([0, 6])
})

/** `custom` is bounded by what one poll creates, and a minimum above the maximum is the minimum beside as much room: both as in KEDA. */
test('no strategy but custom makes more jobs than the maximum, from whatever runs', () => {
  const strategies = fc.constantFrom<JobsPolicy['strategy']>({ kind: 'default' }, { kind: 'accurate' }, { kind: 'eager' })
  fc.assert(fc.property(strategies, fc.nat(20), fc.integer({ min: 1, max: 20 }), fc.nat(40), fc.nat(40), fc.nat(100), (strategy, minJobs, more, running, some, value) => {
    const { create } = decide({ policy: { strategy, minJobs, maxJobs: minJobs + more }, jobs: { running, pending: Math.min(some, running) }, readings: [backlog(value)] })
    expect(Number.isInteger(create) && create >= 0).toBe(true)
    if (create > 0) expect(running + create).toBeLessThanOrEqual(minJobs + more)
  }))
})
