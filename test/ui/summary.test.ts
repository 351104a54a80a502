import { expect, test } from 'vitest'
import type { ObjectStatus } from '../../src/runtime/ports.js'
import { jobsCell, jobsFacts } from '../../src/ui/object-lines.js'
import { plainSummary } from '../../src/ui/summary.js'
import { audit, orders, report, thumbnails } from './sample.js'

test('one line an object: what was delivered, where it stands, what is wrong', () => {
  expect(plainSummary([thumbnails, audit, report, orders])).toMatchInlineSnapshot(`
    "ScaledObject thumbnails: 4 replicas, AtMaximum
    Trigger audit: 1,204 delivered, 2 failed, 1 dead letter; 3 given back to natsJetstream events.todo.newitem; last wake 14:02:07: 131 ms = notice 2 + decide 1 + start 20 + ready 95 + deliver 13; 1 replica, SteadyState
    Trigger report: 7 delivered, 0 failed, 0 dead letters; 0 replicas, Idle
    ScaledObject orders: 10 replicas, SourceFailed; TG_SOURCE_UNREACHABLE: could not read stream "ORDERS" at nats://127.0.0.1:4222: connection refused"
  `)
})

test('nothing ran, nothing is said', () => expect(plainSummary([])).toBe(''))

test('a ScaledJob is told by its jobs', () => {
  const status: ObjectStatus = {
    ref: { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledJob', namespace: 'default', name: 'renders' }, conditions: [],
    jobs: { counts: { running: 3, pending: 1 }, decision: { create: 0, reason: 'EnoughJobs', steps: [], active: true }, decidedAt: 0, readings: [], nextLookAt: 0 },
  }
  expect(plainSummary([status])).toBe('ScaledJob renders: 3 jobs, EnoughJobs')
  expect([jobsCell(status.jobs ?? fail()), ...jobsFacts(status.jobs ?? fail())]).toEqual(['3', expect.stringMatching(/^EnoughJobs: /), '1 pending'])
})

const fail = (): never => { throw new Error('it has jobs') }
