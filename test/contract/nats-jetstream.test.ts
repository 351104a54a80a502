import { connect } from 'nats'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { parse } from 'yaml'
import { natsJetstream } from '../../connectors/nats-jetstream.js'
import { connectorSuite, type TestSource } from '../../src/plugin/testing/index.js'
import { natsServer, type NatsServer } from '../servers/nats.js'

let shared: NatsServer
beforeAll(async () => { shared = await natsServer() })
afterAll(() => shared.stop())

let count = 0
const own = process.env['TIDEGATE_TEST_NATS'] === undefined

/** A stream of its own with the connector's default consumer; a server of its own where the case may crash it. */
async function source (): Promise<TestSource> {
  const stream = `S${process.pid}_${++count}`
  let server = shared
  let connection = await connect({ servers: server.url })
  let manager = await connection.jetstreamManager()
  const open = async (to: NatsServer): Promise<void> => {
    await connection.close()
    server = to
    connection = await connect({ servers: to.url })
    manager = await connection.jetstreamManager()
  }
  await manager.streams.add({ name: stream, subjects: [`${stream}.in`] })
  await manager.streams.add({ name: `${stream}_DEAD`, subjects: [`${stream}.dead`] })
  const consumer = () => manager.consumers.info(stream, 'default-test')
  return {
    values: { metadata: { servers: [server.url], subject: `${stream}.in`, ackWait: '2s' } },
    publish: async n => { for (let i = 0; i < n; i++) await connection.jetstream().publish(`${stream}.in`, JSON.stringify({ i })) },
    left: async () => { const info = await consumer(); return info.num_pending + info.num_ack_pending },
    handedOut: async () => (await consumer()).num_ack_pending,
    deadLetters: { destination: { subject: `${stream}.dead` }, stored: async () => (await manager.streams.info(`${stream}_DEAD`)).state.messages },
    ...(own ? { crash: async () => { await server.kill(); await server.restart(); await open(server) } } : {}),
    close: async () => {
      await manager.streams.delete(stream)
      await manager.streams.delete(`${stream}_DEAD`)
      await connection.close()
    },
  }
}

describe('nats-jetstream keeps the connector contract', () => {
  const suite = connectorSuite(natsJetstream, { source, yaml: parse, unreachable: { metadata: { servers: ['127.0.0.1:1'], subject: 'x' } } })
  for (const { name, run } of suite) it(name, run)
})
