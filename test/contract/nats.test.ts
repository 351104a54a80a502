import { connect, type NatsConnection } from 'nats'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { parse } from 'yaml'
import { nats } from '../../connectors/nats.js'
import { connectorSuite, type TestSource } from '../../src/plugin/testing/index.js'
import { natsServer, type NatsServer } from '../servers/nats.js'

let server: NatsServer
let connection: NatsConnection
beforeAll(async () => {
  server = await natsServer()
  connection = await connect({ servers: server.url })
})
afterAll(async () => {
  await connection.close()
  await server.stop()
})

let count = 0
async function source (): Promise<TestSource> {
  const subject = `core.${process.pid}.${++count}`
  return {
    values: { metadata: { servers: [server.url], subject } },
    publish: async n => {
      for (let i = 0; i < n; i++) connection.publish(subject, JSON.stringify({ i }))
      await connection.flush()
    },
    close: () => Promise.resolve(),
  }
}

describe('nats keeps the connector contract', () => {
  const suite = connectorSuite(nats, { source, yaml: parse, unreachable: { metadata: { servers: ['127.0.0.1:1'], subject: 'x' } } })
  for (const { name, run } of suite) it(name, run)
})
