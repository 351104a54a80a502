import { AckPolicy, connect, headers, type JetStreamManager, type NatsConnection } from 'nats'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { natsJetstream } from '../../connectors/nats-jetstream.js'
import type { Connector, Delivery } from '../../src/plugin/index.js'
import { parseConfig } from '../../src/spec/index.js'
import { eventually, testCapacity, testKit, tidegateError, within } from '../../src/plugin/testing/index.js'
import { natsServer, type NatsServer } from '../servers/nats.js'

let server: NatsServer
let connection: NatsConnection
let manager: JetStreamManager
beforeAll(async () => {
  server = await natsServer()
  connection = await connect({ servers: server.url })
  manager = await connection.jetstreamManager()
})
afterAll(async () => {
  await connection.close()
  await server.stop()
})

let count = 0
async function stream (): Promise<string> {
  const name = `B${process.pid}_${++count}`
  await manager.streams.add({ name, subjects: [`${name}.>`] })
  return name
}

async function open (metadata: Record<string, unknown>): Promise<Connector> {
  const parsed = parseConfig(natsJetstream.config, { metadata: { servers: server.url, ...metadata } }, { path: [], mode: 'either', unknownKeys: 'error', about: '"nats-jetstream"' })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return natsJetstream.open(parsed.value, testKit())
}

interface Receiving { readonly stop: AbortController, readonly next: () => Promise<Delivery> }
function receive (connector: Connector, slots: number): Receiving {
  const stop = new AbortController()
  const deliveries = connector.receive(stop.signal, testCapacity(slots))[Symbol.asyncIterator]()
  const next = async (): Promise<Delivery> => {
    const result = await deliveries.next()
    if (result.done === true) throw new Error('receive ended')
    return result.value
  }
  return { stop, next }
}

describe('the consumer', () => {
  it('is made before the first event, without a delivery limit, and continues where it was', async () => {
    const name = await stream()
    const publish = (data: string) => connection.jetstream().publish(`${name}.a`, data)
    await publish('before')
    const connector = await open({ subject: `${name}.>` })
    await publish('after')
    const { config } = await manager.consumers.info(name, 'default-test')
    expect(config).toMatchObject({ max_deliver: -1, ack_policy: 'explicit', filter_subject: `${name}.>`, deliver_policy: 'new' })
    await connector.close()
    const again = await open({ subject: `${name}.>`, ackWait: '5s' })
    expect((await manager.consumers.info(name, 'default-test')).config.ack_wait).toBe(5e9)
    const { next, stop } = receive(again, 1)
    const { event, settle } = await bound(next())
    expect(Buffer.from(event.data).toString()).toBe('after')
    settle()
    stop.abort()
    await again.close()
  })

  it('is refused where it gives events up by itself', async () => {
    const name = await stream()
    await manager.consumers.add(name, { durable_name: 'limited', ack_policy: AckPolicy.Explicit, max_deliver: 3 })
    const error = await tidegateError('open', open({ stream: name, consumer: 'limited', manage: 'Existing' }))
    expect([error.code, error.message]).toEqual(['TG_CONFIG_CONFLICT', `consumer "limited" of stream "${name}" gives an event up after 3 hand-outs, without a trace`])
  })

  it('has to be there when it is not ours, and so has the stream', async () => {
    const name = await stream()
    expect((await tidegateError('open', open({ stream: name, consumer: 'nobody', manage: 'Existing' }))).code).toBe('TG_SOURCE_NOT_FOUND')
    expect((await tidegateError('open', open({ subject: 'no.stream.takes.this' }))).code).toBe('TG_SOURCE_NOT_FOUND')
  })

  it('that is deleted under a receive ends it with the reason', async () => {
    const name = await stream()
    const connector = await open({ subject: `${name}.>` })
    const { next } = receive(connector, 4)
    const ended = tidegateError('receive', next())
    await eventually('a pull waits', async () => (await manager.consumers.info(name, 'default-test')).num_waiting, n => n > 0)
    await manager.consumers.delete(name, 'default-test')
    expect((await within(5000, 'receive ends', ended)).code).toBe('TG_SOURCE_NOT_FOUND')
    await connector.close()
  })
})

it('knows when an event expires, where its stream drops what is old', async () => {
  const name = `B${process.pid}_${++count}`
  await manager.streams.add({ name, subjects: [`${name}.>`], max_age: 60e9 })
  for (const [subject, lifeMs] of [[name, 60_000], [await stream(), undefined]] as const) {
    const connector = await open({ subject: `${subject}.>` })
    await connection.jetstream().publish(`${subject}.a`, 'x')
    const { next, stop } = receive(connector, 1)
    const delivery = await next()
    expect(delivery.expiresAt).toBe(lifeMs === undefined ? undefined : Date.parse(delivery.event.time ?? '') + lifeMs)
    await delivery.settle({ kind: 'ack' })
    stop.abort()
    await connector.close()
  }
})

describe('the line', () => {
  it('goes on by itself after a restart of the server', async () => {
    const own = await natsServer()
    const publisher = await connect({ servers: own.url, reconnectTimeWait: 50, maxReconnectAttempts: -1 })
    await (await publisher.jetstreamManager()).streams.add({ name: 'S', subjects: ['s'] })
    const connector = await open({ servers: own.url, subject: 's' })
    const { next, stop } = receive(connector, 4)
    const first = next()
    await own.kill()
    await own.restart()
    await eventually('the stream takes events', () => publisher.jetstream().publish('s', 'x', { timeout: 500 }).then(() => true, () => false), ok => ok)
    const { event, settle } = await bound(within(15_000, 'the event', first))
    expect(event.subject).toBe('s')
    settle()
    stop.abort()
    await connector.close()
    await publisher.close()
    await own.stop()
  })

  it('that stays away ends the receive', async () => {
    const own = await natsServer()
    const maker = await connect({ servers: own.url })
    await (await maker.jetstreamManager()).streams.add({ name: 'S', subjects: ['s'] })
    await maker.close()
    const connector = await open({ servers: own.url, subject: 's' })
    const ended = tidegateError('receive', receive(connector, 4).next())
    await own.kill()
    expect((await within(15_000, 'receive ends', ended)).code).toBe('TG_SOURCE_UNREACHABLE')
    await within(5000, 'close', connector.close())
    await own.stop()
  })
})

describe('an event', () => {
  it('names its place in the stream, and keeps what the message says of itself', async () => {
    const name = await stream()
    const connector = await open({ subject: `${name}.>` })
    const { next, stop } = receive(connector, 1)
    await connection.jetstream().publish(`${name}.plain`, '{"a": 1}')
    const plain = await bound(next())
    expect(plain.event).toMatchObject({ id: `${name}/1`, source: `nats://${server.url}/${name}`, type: 'dev.tidegate.jetstream.message.v1', subject: `${name}.plain`, contentType: 'application/json', extensions: { sequence: '1', natsconsumer: 'default-test' } })
    plain.settle()
    const h = headers()
    for (const [key, value] of [['ce-specversion', '1.0'], ['ce-id', 'e%201'], ['ce-source', '/shop'], ['ce-type', 'order.paid'], ['ce-tenant', 'acme'], ['content-type', 'text/plain'], ['traceparent', '00-1-2-01']] as const) h.set(key, value)
    await connection.jetstream().publish(`${name}.ce`, 'hello', { headers: h })
    const own = await bound(next())
    expect(own.event).toMatchObject({ id: 'e 1', source: '/shop', type: 'order.paid', contentType: 'text/plain', extensions: { tenant: 'acme', traceparent: '00-1-2-01', sequence: '2' } })
    own.settle()
    stop.abort()
    await connector.close()
  })

  it('comes in thousands, each once, with acks gathered', async () => {
    const name = await stream()
    const connector = await open({ subject: `${name}.>` })
    const total = 5_000
    for (let i = 0; i < total; i += 100) await Promise.all(Array.from({ length: 100 }, (_, k) => connection.jetstream().publish(`${name}.n`, String(i + k))))
    const { next, stop } = receive(connector, 64)
    const seen = new Set<string>()
    await Promise.all(Array.from({ length: 64 }, async () => {
      while (seen.size < total) {
        const { event, settle } = await Promise.race([bound(next()), new Promise<never>((_resolve, reject) => { stop.signal.addEventListener('abort', () => reject(new Error('over'))) })])
        seen.add(event.id)
        settle()
        if (seen.size === total) stop.abort()
      }
    }).map(worker => worker.catch(() => undefined)))
    expect(seen.size).toBe(total)
    await connector.close()
    const info = await manager.consumers.info(name, 'default-test')
    expect([info.num_pending, info.num_ack_pending, info.num_redelivered]).toEqual([0, 0, 0])
  })
})

/** The event of a delivery, and its ack. */
async function bound (taken: Promise<Delivery>): Promise<{ readonly event: Delivery['event'], readonly settle: () => void }> {
  const delivery = await taken
  return { event: delivery.event, settle: () => { void delivery.settle({ kind: 'ack' }) } }
}

it('what was prefetched and given back is no hand-out to the function', async () => {
  const name = await stream()
  const connector = await open({ subject: `${name}.>`, ackWait: '2s' })
  for (let i = 0; i < 4; i++) await connection.jetstream().publish(`${name}.a`, String(i))
  const { next, stop } = receive(connector, 4)
  const first = await next()
  const info = () => manager.consumers.info(name, 'default-test')
  await eventually('all are handed out', info, seen => seen.num_ack_pending === 4)
  await first.settle({ kind: 'ack' })
  await eventually('the others have waited here for more than half of their lease', info, ({ ts, delivered }) => Date.parse(`${ts}`) - Date.parse(`${delivered.last_active}`) > 1_100)
  for (let i = 0; i < 3; i++) {
    const delivery = await next()
    expect([delivery.handOuts, delivery.event.extensions['natsdelivered']]).toEqual([1, '2'])
    await delivery.settle({ kind: 'ack' })
  }
  stop.abort()
  await connector.close()
})
