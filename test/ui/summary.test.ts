import { expect, test } from 'vitest'
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
