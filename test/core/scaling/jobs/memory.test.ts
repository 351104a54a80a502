import { expect, test } from 'vitest'
import { beyondHistory, outdatedJobs } from '../../../../src/core/scaling/jobs/cleanup.js'
import { isUnsettled, nextDecision, readJobsMemory, settled, writeJobsMemory } from '../../../../src/core/scaling/jobs/memory.js'
import { jobNames } from '../../../../src/core/scaling/jobs/names.js'

const now = Date.UTC(2026, 7, 20)
const owner = { name: 'renders', uid: '7b0c0e9a-0000-4000-8000-000000000000' }

test('the same decision gives the same names; another decision or another object of the name gives others', () => {
  const decision = nextDecision(undefined, 3, '1', now)
  const names = jobNames(owner, decision)
  expect(jobNames(owner, readJobsMemory(writeJobsMemory(decision)) ?? decision)).toEqual(names)
  const others = [...jobNames(owner, nextDecision(decision, 3, '1', now)), ...jobNames({ ...owner, uid: 'another' }, decision)]
  expect(new Set([...names, ...others]).size).toBe(9)
})

test('a name fits the label of its pods, whatever the object is called', () => {
  for (const name of ['a', 'x'.repeat(63), `${'x'.repeat(39)}-${'y'.repeat(20)}`, `${'x'.repeat(39)}.${'y'.repeat(20)}`]) {
    const [job = ''] = jobNames({ name, uid: owner.uid }, { sequence: 9_999_999_999, create: 1 })
    expect(`${job}999`.length).toBeLessThanOrEqual(63)
    expect(job).toMatch(/^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/)
  }
})

test('numbers only grow, also where the past is lost', () => {
  let memory = nextDecision(undefined, 1, '1', now)
  for (let i = 1; i <= 50; i++) memory = nextDecision(memory, 1, '1', now + i * 1000)
  expect(nextDecision(undefined, 1, '1', now + 51_000).sequence).toBeGreaterThan(memory.sequence)
})

test('a decision is repeated while it is young, of this spec, and not known to be carried out', () => {
  const decision = nextDecision(undefined, 2, '1', now)
  expect(isUnsettled(decision, '1', now + 5000)).toBe(true)
  expect(isUnsettled(settled(decision), '1', now + 5000)).toBe(false)
  expect(isUnsettled(decision, '2', now + 5000)).toBe(false)
  expect(isUnsettled(decision, '1', now + 60_000)).toBe(false)
})

test.each(['', 'null', '{', '{"version":2}', '{"version":1,"sequence":"1","decidedAt":1,"create":0,"generation":"1"}', '[]'])('%s is no memory', text => {
  expect(readJobsMemory(text)).toBeUndefined()
})

test('failed jobs without a completion time go in the order in which they failed', () => {
  const jobs = [5, 3, 4].map(at => ({ name: `job-${at}`, finished: 'Failed' as const, finishedAt: now + at }))
  expect(beyondHistory([...jobs, { name: 'runs', finished: undefined, finishedAt: undefined }], { successful: 0, failed: 1 }).map(job => job.name)).toEqual(['job-3', 'job-4'])
})

test('an edit that comes at once takes the jobs of the spec before it, and one that comes gradually none', () => {
  const jobs = [{ generation: '1' }, { generation: '2' }, { generation: undefined }]
  expect(outdatedJobs(jobs, '2', 'immediate')).toEqual([{ generation: '1' }, { generation: undefined }])
  expect(outdatedJobs(jobs, '2', 'gradual')).toEqual([])
})
