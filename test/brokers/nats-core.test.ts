import { connect } from 'nats'
import { expect, it } from 'vitest'
import { nats } from '../../connectors/nats.js'
import type { Delivery } from '../../src/plugin/index.js'
import { parseConfig } from '../../src/spec/index.js'
import { eventually, testCapacity, testKit } from '../../src/plugin/testing/index.js'
import { natsServer } from '../servers/nats.js'

for (const [onFull, kept] of [['DropNewest', ['0', '1']], ['DropOldest', ['3', '4']]] as const) {
  it(`a full buffer loses by ${onFull}, counts it and says so`, async () => {
    const server = await natsServer()
    const connection = await connect({ servers: server.url })
    const parsed = parseConfig(nats.config, { metadata: { servers: server.url, subject: 's', buffer: { messages: 2, onFull } } }, { path: [], mode: 'either', unknownKeys: 'error', about: '"nats"' })
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    const kit = testKit()
    const connector = await nats.open(parsed.value, kit)
    for (let i = 0; i < 5; i++) connection.publish('s', String(i))
    await eventually('the loss is logged', () => kit.lines.length, n => n > 0)
    expect(await connector.backlog?.(AbortSignal.timeout(1000))).toBe(2)
    const stop = new AbortController()
    const deliveries = connector.receive(stop.signal, testCapacity(2))[Symbol.asyncIterator]()
    const taken = [await deliveries.next(), await deliveries.next()].map(({ value }) => Buffer.from((value as { event: { data: Uint8Array } }).event.data).toString())
    expect(taken).toEqual(kept)
    stop.abort()
    await connector.close()
    expect(kit.lines.at(-1)).toMatchObject({ level: 'warn', fields: { lostTotal: 3 } })
    expect(kit.lostCount()).toBe(3)
    await connection.close()
    await server.stop()
  })
}

it('members of a queue group share the events', async () => {
  const server = await natsServer()
  const connection = await connect({ servers: server.url })
  const parsed = parseConfig(nats.config, { metadata: { servers: server.url, subject: 's' } }, { path: [], mode: 'either', unknownKeys: 'error', about: '"nats"' })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const members = await Promise.all([nats.open(parsed.value, testKit()), nats.open(parsed.value, testKit())])
  for (let i = 0; i < 100; i++) connection.publish('s', 'x')
  await connection.flush()
  const waiting = async (): Promise<number> => (await Promise.all(members.map(m => m.backlog?.(AbortSignal.timeout(1000)) ?? Promise.resolve(0)))).reduce((a, b) => a + b, 0)
  expect(await eventually('all arrived', waiting, n => n >= 100)).toBe(100)
  await Promise.all(members.map(m => m.close()))
  await connection.close()
  await server.stop()
})

it('a member that stops leaves its group at once and tells what it had taken and nobody gets', async () => {
  const server = await natsServer()
  const connection = await connect({ servers: server.url })
  const parsed = parseConfig(nats.config, { metadata: { servers: server.url, subject: 's' } }, { path: [], mode: 'either', unknownKeys: 'error', about: '"nats"' })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const kit = testKit()
  const leaving = await nats.open(parsed.value, kit)
  for (let i = 0; i < 7; i++) connection.publish('s', 'x')
  const waits = async (of: typeof leaving): Promise<number> => await of.backlog?.(AbortSignal.timeout(1000)) ?? 0
  await eventually('all arrived', () => waits(leaving), n => n === 7)
  const stop = new AbortController()
  const deliveries = leaving.receive(stop.signal, testCapacity(2))[Symbol.asyncIterator]()
  await deliveries.next()
  const inHand = (await deliveries.next()).value as Delivery
  const staying = await nats.open(parsed.value, testKit())

  stop.abort()
  expect((await deliveries.next()).done).toBe(true)
  expect(kit.lostCount()).toBe(5)
  expect(kit.lines).toMatchObject([{ level: 'warn', fields: { lost: 5 }, message: expect.stringContaining('when receiving ended') as string }])
  await eventually('its subscription is gone', () => subscriptions(server.monitoringPort), n => n === 1)
  for (let i = 0; i < 20; i++) connection.publish('s', 'y')
  expect(await eventually('the others get it', () => waits(staying), n => n >= 20)).toBe(20)

  await inHand.settle({ kind: 'ack' })
  await leaving.close()
  await leaving.close()
  expect(kit.lostCount(), 'nothing more').toBe(5)
  await staying.close()
  await connection.close()
  await server.stop()
})

/** How many subscriptions on `s` the server knows. */
async function subscriptions (port: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${port}/subsz?subs=1&test=s`)
  return ((await answer.json()) as { subscriptions_list?: unknown[] }).subscriptions_list?.length ?? 0
}
