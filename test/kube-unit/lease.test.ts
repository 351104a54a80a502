import { expect, onTestFinished, test } from 'vitest'
import { LeaseHolder } from '../../src/kube/lease.js'
import type { Log } from '../../src/runtime/ports.js'
import { ManualClock, settle } from '../fakes/manual-clock.js'
import { quiet, recordingLog } from '../fakes/ports.js'
import { until } from '../scenario/harness.js'
import { failure, ScriptedApi } from './api-server.js'

interface StoredLease { metadata: { resourceVersion: string }, spec: { holderIdentity: string, leaseDurationSeconds: number, leaseTransitions: number } }

/** One Lease with compare-and-swap, as an API server keeps it. */
async function leaseScene (): Promise<{ readonly api: ScriptedApi, readonly holder: (identity: string, clock?: ManualClock, log?: Log) => LeaseHolder, readonly lease: () => StoredLease | undefined }> {
  const api = new ScriptedApi()
  let lease: StoredLease | undefined
  let version = 0
  api.script = ({ method, body }) => {
    const given = body as StoredLease | undefined
    if (method === 'GET') return lease === undefined ? failure(404, 'NotFound') : { body: lease }
    if (method === 'PUT' && given?.metadata.resourceVersion !== lease?.metadata.resourceVersion) return failure(409, 'Conflict')
    if (method === 'POST' && lease !== undefined) return failure(409, 'AlreadyExists')
    lease = { ...given as StoredLease, metadata: { ...given?.metadata, resourceVersion: String(++version) } }
    return { body: lease }
  }
  const http = await api.start()
  const holder = (identity: string, clock = new ManualClock(), log: Log = quiet): LeaseHolder => {
    const made = new LeaseHolder({ http, clock, log, namespace: 'n', name: 'l', identity })
    const stopping = new AbortController()
    const running = made.run(stopping.signal)
    onTestFinished(async () => { stopping.abort(); await clock.advance(1000); await running })
    return made
  }
  return { api, holder, lease: () => lease }
}

const held = (holder: LeaseHolder, holds: boolean): Promise<void> => new Promise(resolve => {
  const look = (): void => { if (holder.holds === holds) { stop(); resolve() } }
  const stop = holder.changes(look)
  look()
})

test('one of two holds the lease; when it renews no more, the other has it after three seconds of its own clock, with a higher epoch', async () => {
  const { api, holder, lease } = await leaseScene()
  const [one, two] = [new ManualClock(), new ManualClock(0)] // clocks that agree on nothing
  const first = holder('one', one)
  await held(first, true)
  const second = holder('two', two)
  await api.asks(a => a.method === 'GET', 2)
  for (let passed = 0; passed < 3000; passed += 1000) {
    expect(second.holds).toBe(false)
    const gets = api.asked.filter(a => a.method === 'GET').length
    while (two.pending === 0) await new Promise(setImmediate)
    await two.advance(1000)
    await api.asks(a => a.method === 'GET', gets + 1)
  }
  await held(second, true)
  expect(second.epoch).toBeGreaterThan(first.epoch)
  expect(lease()?.spec.holderIdentity).toBe('two')
  while (one.pending === 0) await new Promise(setImmediate)
  await one.advance(2000)
  expect(first.mayWrite()).toBe(false)
  await held(first, false)
})

test('whoever could not renew for two seconds writes nothing, though nobody took the lease; when it can again, it goes on', async () => {
  const { api, holder } = await leaseScene()
  const clock = new ManualClock()
  const only = holder('one', clock)
  await held(only, true)
  expect(only.mayWrite()).toBe(true)
  const script = api.script
  api.script = () => failure(503, 'ServiceUnavailable')
  for (let passed = 0; passed < 2; passed++) {
    while (clock.pending === 0) await new Promise(setImmediate)
    await clock.advance(1000)
  }
  expect(only.mayWrite()).toBe(false)
  expect(only.holds).toBe(true)
  let mayGoOn = false
  const waiting = only.soon().then(() => { mayGoOn = true })
  await Promise.resolve()
  expect(mayGoOn).toBe(false)
  api.script = script
  const puts = api.asked.filter(a => a.method === 'PUT').length
  while (clock.pending === 0) await new Promise(setImmediate)
  await clock.advance(1000)
  await api.asks(a => a.method === 'PUT', puts + 1)
  await waiting
  expect(only.mayWrite()).toBe(true)
})

test('a lease given back is free at once', async () => {
  const { holder, lease } = await leaseScene()
  const first = holder('one')
  await held(first, true)
  await first.release()
  expect(lease()?.spec).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 })
})

test('a standby whose look at the lease takes long counts from the answer: it takes nothing from a holder that renews', async () => {
  const { api, holder, lease } = await leaseScene()
  const [one, two] = [new ManualClock(), new ManualClock()]
  const first = holder('one', one)
  await held(first, true)
  const script = api.script
  let answer: () => void = () => undefined
  const slow = new Promise<void>(resolve => { answer = resolve })
  api.script = async (asked, response) => {
    if (asked.method === 'GET') await slow
    return script(asked, response)
  }
  const gets = api.asked.filter(a => a.method === 'GET').length
  const second = holder('two', two)
  await until(() => api.asked.filter(a => a.method === 'GET').length > gets)
  for (let passed = 0; passed < 4000; passed += 1000) {
    while (one.pending === 0) await settle()
    await one.advance(1000)
    await two.advance(1000)
  }
  await until(() => one.pending > 0) // the last renewal is in
  answer()
  await until(() => two.pending > 0)
  await two.advance(1000) // looks again, and finds what it saw a second ago
  await until(() => two.pending > 0)
  expect(second.holds).toBe(false)
  expect(lease()?.spec.holderIdentity).toBe('one')
  expect(first.mayWrite()).toBe(true)
})

test('a look at the lease that gets no answer is given up in time for the next', async () => {
  const { api, holder } = await leaseScene()
  api.script = () => undefined
  const clock = new ManualClock()
  holder('one', clock)
  await api.asks(a => a.method === 'GET')
  const began = performance.now()
  await until(() => clock.pending > 0)
  expect(performance.now() - began).toBeLessThan(10_000)
}, 20_000)

test('a standby says once whose the lease is, and which lease', async () => {
  const { api, holder } = await leaseScene()
  const [one, two] = [new ManualClock(), new ManualClock()]
  await held(holder('one', one), true)
  const log = recordingLog()
  holder('two', two, log)
  for (const gets of [2, 3]) {
    await api.asks(a => a.method === 'GET', gets)
    await until(() => two.pending > 0)
    await two.advance(1000)
  }
  expect(log.lines).toEqual([{ level: 'info', message: 'another holds the lease: standing by', fields: { lease: 'n/l', holder: 'one' } }])
})
