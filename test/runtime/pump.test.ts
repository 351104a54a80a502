import { expect, test } from 'vitest'
import { compileFilter } from '../../src/core/delivery/filter.js'
import { bundle, policy as bundlePolicy } from './pump-bundle.js'

test('at zero one event is pulled, replicas are asked for, and nothing is sent until one is ready', async () => {
  const t = bundle()
  t.pump.start()
  await t.clock.advance(0)
  t.source.offer('1')
  t.source.offer('2')
  await t.clock.advance(60_000)
  expect(t.source.pulled).toBe(1)
  expect(t.rings).toEqual(['look', '1']) // one when the source was opened, one for the event
  expect(t.fn.calls).toHaveLength(0)
  t.ready('a')
  await t.clock.advance(0)
  expect(t.settled()).toEqual(['1 ack', '2 ack'])
  expect(t.fn.calls[0]?.headers).toEqual({ 'x-event-attempt': '1' })
  expect(t.pump.status().lastWake?.eventId).toBe('1')
})

test('no more is pulled than the ready replicas have slots, and each replica gets its share', async () => {
  const t = bundle()
  t.fn.rule = undefined
  t.ready('a', 'b')
  t.pump.start()
  await t.clock.advance(0)
  for (let i = 1; i <= 9; i++) t.source.offer(String(i))
  await t.clock.advance(0)
  expect(t.fn.calls.map(c => c.endpoint.id)).toEqual(['a', 'b', 'a', 'b'])
  t.fn.calls[0]?.answer({ kind: 'answered', status: 204 })
  await t.clock.advance(0)
  expect(t.fn.calls).toHaveLength(5)
  expect(t.fn.calls[4]?.endpoint.id).toBe('a')
})

test('a failure is retried by the source; attempts are counted over hand-outs; the last one is stored, then acked', async () => {
  const t = bundle()
  t.fn.rule = () => ({ kind: 'answered', status: 500 })
  t.ready('a')
  t.pump.start()
  await t.clock.advance(0)
  for (let hand = 0; hand < 3; hand++) { t.source.offer('1'); await t.clock.advance(0) }
  expect(t.settled()).toEqual(['1 retry1000', '1 retry1000', '1 ack'])
  expect(t.source.published).toEqual([{ id: '1', destination: { queueName: 'poison' } }])
  expect(t.fn.calls.map(c => c.headers['x-event-attempt'])).toEqual(['1', '2', '3'])
})

test('hand-outs that made no call are no attempts', async () => {
  const t = bundle({ plan: { coldStartTimeoutMs: 1000 } })
  t.pump.start()
  await t.clock.advance(0)
  for (let hand = 0; hand < 5; hand++) { t.source.offer('1'); await t.clock.advance(1000) }
  expect(t.settled()).toEqual(Array(5).fill('1 release'))
  expect(t.notes).toContain('ColdStartTimeout')
  t.fn.rule = () => ({ kind: 'answered', status: 500 })
  t.ready('a')
  t.source.offer('1')
  await t.clock.advance(0)
  expect(t.fn.calls[0]?.headers['x-event-attempt']).toBe('1')
  expect(t.settled().at(-1)).toBe('1 retry1000')
})

test('without a broker that waits, the delivery stays and is tried again in process', async () => {
  const t = bundle({ guarantees: { delayedRetry: false, redelivery: 'none', delivery: 'at-most-once' }, plan: { policy: { ...bundlePolicy, onExhausted: 'Drop' } } })
  t.fn.rule = (_event, call) => ({ kind: 'answered', status: call < 3 ? 503 : 200 })
  t.ready('a')
  t.pump.start()
  await t.clock.advance(0)
  t.source.offer('1')
  await t.clock.advance(500)
  expect(t.fn.calls).toHaveLength(1)
  await t.clock.advance(2000)
  expect(t.settled()).toEqual(['1 ack'])
  expect(t.fn.calls).toHaveLength(3)
})

test('a dead letter that cannot be stored keeps its event', async () => {
  const t = bundle()
  t.fn.rule = () => ({ kind: 'answered', status: 400 })
  t.ready('a')
  t.pump.start()
  await t.clock.advance(0)
  t.source.publish = async () => { throw new Error('disk full') }
  t.source.offer('1')
  await t.clock.advance(0)
  expect(t.settled()).toEqual(['1 retry60000'])
})

test('ten exhausted in a row hold the Trigger: one probe at a time, and a success sets it free', async () => {
  const t = bundle()
  t.fn.rule = () => ({ kind: 'answered', status: 422 })
  t.ready('a', 'b', 'c')
  t.pump.start()
  await t.clock.advance(0)
  for (let i = 1; i <= 12; i++) t.source.offer(String(i))
  await t.clock.advance(0)
  const deadLetters = t.source.published.length
  expect(deadLetters).toBe(9)
  expect(t.pump.conditions().find(c => c.type === 'CircuitClosed')?.status).toBe('False')
  expect(t.pump.conditions().find(c => c.type === 'Ready')).toMatchObject({ status: 'False', reason: 'Held' })
  expect(t.notes.filter(note => note === 'EventDeadLettered')).toHaveLength(1)
  expect(t.notes.filter(note => note === 'EventHeld')).toHaveLength(1)
  expect(t.pump.status().held).toBeGreaterThan(0)
  const before = t.fn.calls.length
  for (let i = 20; i < 30; i++) t.source.offer(String(i))
  await t.clock.advance(4000)
  expect(t.fn.calls.length).toBe(before)
  await t.clock.advance(1500)
  expect(t.fn.calls.length).toBe(before + 1)
  expect(t.source.published).toHaveLength(deadLetters)
  t.fn.rule = () => ({ kind: 'answered', status: 200 })
  await t.clock.advance(60_000)
  expect(t.pump.conditions().find(c => c.type === 'CircuitClosed')?.status).toBe('True')
  expect(t.pump.status().delivered).toBeGreaterThan(5)
})

test('what a filter refuses is acked and counted, and not sent', async () => {
  const t = bundle({ plan: { filter: compileFilter([{ exact: { type: 'other' } }]) } })
  t.ready('a')
  t.pump.start()
  await t.clock.advance(0)
  t.source.offer('1')
  await t.clock.advance(0)
  expect(t.fn.calls).toHaveLength(0)
  expect(t.counts.get('filtered')).toBe(1)
  expect(t.settled()).toEqual(['1 ack'])
})

test('a lease is extended while the function works, and while it starts', async () => {
  const t = bundle()
  t.fn.rule = undefined
  t.pump.start()
  await t.clock.advance(0)
  t.source.offer('1', { leaseMs: 30_000 })
  await t.clock.advance(40_000)
  expect(t.source.extended.length).toBeGreaterThanOrEqual(2)
})

test('stop lets what is in hand finish; after the drain time it is cut off and released', async () => {
  const t = bundle()
  t.fn.rule = undefined
  t.ready('a')
  t.pump.start()
  await t.clock.advance(0)
  t.source.offer('1')
  t.source.offer('2')
  await t.clock.advance(0)
  const stopping = t.pump.stop()
  t.fn.calls[0]?.answer({ kind: 'answered', status: 200 })
  await t.clock.advance(29_000)
  expect(t.settled()).toEqual(['1 ack'])
  await t.clock.advance(1_000)
  await stopping
  expect(t.settled()).toEqual(['1 ack', '2 release'])
  expect(t.source.closed).toBe(1)
})

test('an event that waits for a cold start goes back at once when we stop', async () => {
  const t = bundle()
  t.pump.start()
  await t.clock.advance(0)
  t.source.offer('1')
  await t.clock.advance(0)
  const stopping = t.pump.stop()
  await t.clock.advance(0)
  await stopping
  expect(t.settled()).toEqual(['1 release'])
})

test('a lost line is opened again, and meanwhile the demand is a failure and not zero', async () => {
  const t = bundle()
  t.ready('a')
  t.pump.start()
  expect(t.pump.conditions()[0]).toMatchObject({ status: 'Unknown', reason: 'Connecting' })
  await t.clock.advance(0)
  expect(t.pump.conditions()[0]).toMatchObject({ status: 'True', reason: 'TriggerReady' })
  t.sourceAway = true
  t.source.lose(new Error('reset'))
  await t.clock.advance(5_000)
  expect((await t.pump.demand.look(new AbortController().signal)).kind).toBe('failed')
  expect(t.pump.conditions()[0]?.message).toContain('TG_SOURCE_UNREACHABLE')
  t.sourceAway = false
  await t.clock.advance(60_000)
  expect(t.opened).toBe(2)
  t.source.offer('1')
  await t.clock.advance(0)
  expect(t.settled()).toEqual(['1 ack'])
})

test('a 410 suspends where the user allows it: nothing more is pulled', async () => {
  const t = bundle({ plan: { policy: { ...bundlePolicy, on410: 'Suspend' } } })
  t.fn.rule = () => ({ kind: 'answered', status: 410 })
  t.ready('a')
  t.pump.start()
  await t.clock.advance(0)
  t.source.offer('1')
  await t.clock.advance(0)
  t.source.offer('2')
  await t.clock.advance(600_000)
  expect(t.fn.calls).toHaveLength(1)
  expect(t.settled()).toEqual(['1 release', '2 release']) // the second was pulled already
  expect(t.pump.conditions()[0]?.reason).toBe('Suspended')
})


test('a source that is not open yet is no measured zero', async () => {
  const t = bundle()
  const open = t.openSlowly()
  t.pump.start()
  await t.clock.advance(0)
  expect(await t.pump.demand.look(new AbortController().signal)).toMatchObject({ kind: 'absent' })
  open()
  await t.clock.advance(0)
  expect(t.rings).toEqual(['look'])
  expect(await t.pump.demand.look(new AbortController().signal)).toMatchObject({ kind: 'measured' })
})

test('a connector that opens after the stop is closed', async () => {
  const t = bundle()
  const open = t.openSlowly()
  t.pump.start()
  await t.clock.advance(0)
  await t.pump.stop()
  open()
  await t.clock.advance(0)
  expect([t.opened, t.source.closed]).toEqual([1, 1])
})

test('an extension that throws is told, and the next one is made all the same', async () => {
  const t = bundle()
  t.fn.rule = undefined
  t.pump.start()
  await t.clock.advance(0)
  let extensions = 0
  t.source.onExtend = () => { extensions++; throw new Error('connection closed') }
  t.source.offer('1', { leaseMs: 3_000 })
  await t.clock.advance(10_000)
  expect(extensions).toBeGreaterThan(3)
})

test('the circuit of a source that keeps nothing: events are tried in process, and every one that is given up is counted', async () => {
  const t = bundle({ guarantees: { delayedRetry: false, redelivery: 'none', delivery: 'at-most-once' }, plan: { policy: { ...bundlePolicy, onExhausted: 'Drop' } } })
  t.fn.rule = () => ({ kind: 'answered', status: 422 })
  t.ready('a', 'b', 'c', 'd', 'e', 'f')
  t.pump.start()
  await t.clock.advance(0)
  for (let i = 1; i <= 12; i++) t.source.offer(String(i))
  await t.clock.advance(0)
  expect(t.counts.get('lost')).toBe(9) // the tenth opened the circuit, and it and the two after it are held
  t.fn.rule = () => ({ kind: 'answered', status: 200 })
  await t.clock.advance(10_000)
  expect(t.pump.status().delivered).toBe(3)
  t.fn.rule = undefined
  t.source.offer('13')
  await t.clock.advance(0)
  const stopping = t.pump.stop()
  await t.clock.advance(30_000)
  await stopping
  expect(t.counts.get('lost')).toBe(10)
})

test('gauges of what is in flight and of slots follow', async () => {
  const t = bundle()
  t.fn.rule = undefined
  t.ready('a', 'b')
  t.pump.start()
  await t.clock.advance(0)
  t.source.offer('1')
  await t.clock.advance(0)
  expect([t.gauges.inFlight, t.gauges.slots]).toEqual([1, 4])
  t.fn.calls[0]?.answer({ kind: 'answered', status: 200 })
  await t.clock.advance(0)
  expect(t.gauges.inFlight).toBe(0)
})

test('a function that does not become ready says so while its event waits', async () => {
  const t = bundle()
  t.pump.start()
  await t.clock.advance(0)
  t.source.offer('1')
  const condition = (): string | undefined => t.pump.conditions().find(c => c.type === 'FunctionReady')?.reason
  await t.clock.advance(9_000)
  expect(condition()).toBe('AtZero')
  await t.clock.advance(2_000)
  expect(condition()).toBe('NoReplicaReady')
  t.ready('a')
  await t.clock.advance(0)
  expect(condition()).toBe('ReplicaReady')
})

test('an event that its source will forget before the next try becomes a dead letter, or an alarm where there is no place', async () => {
  for (const place of [{ queueName: 'poison' }, undefined]) {
    const t = bundle({ plan: { deadLetter: place } })
    t.fn.rule = () => ({ kind: 'answered', status: 503 })
    t.ready('a')
    t.pump.start()
    await t.clock.advance(0)
    t.source.offer('1', { expiresAt: t.clock.now() + 1_500 })
    t.source.offer('2', { expiresAt: t.clock.now() + 60_000 })
    await t.clock.advance(0)
    expect(t.settled().toSorted()).toEqual([place === undefined ? '1 retry1000' : '1 ack', '2 retry1000'])
    expect(t.notes.filter(note => note === 'EventExpires')).toHaveLength(place === undefined ? 1 : 0)
  }
})
