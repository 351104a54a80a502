import { connect } from 'nats'
import { expect, it } from 'vitest'
import { nats } from '../../connectors/nats.js'
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
