import { randomUUID } from 'node:crypto'
import { QueueServiceClient } from '@azure/storage-queue'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { parse } from 'yaml'
import { azureQueue as connector } from '../../connectors/azure-queue.js'
import { connectorSuite, type TestSource } from '../../src/plugin/testing/index.js'
import { azurite, connectionStringFor, type Azurite } from '../servers/azurite.js'

let server: Azurite
beforeAll(async () => { server = await azurite({ persistent: true }) })
afterAll(async () => { await server.stop() })

/** Nothing listens on port 1. */
const nowhere = connectionStringFor('http://127.0.0.1:1')

async function source (): Promise<TestSource> {
  const service = QueueServiceClient.fromConnectionString(server.connectionString)
  const queueName = `contract-${randomUUID()}`
  const queue = service.getQueueClient(queueName)
  const poison = service.getQueueClient(`${queueName}-poison`)
  await queue.create()
  const count = async (client: typeof queue): Promise<number> => (await client.getProperties()).approximateMessagesCount ?? 0
  return {
    values: { metadata: { queueName, visibilityTimeout: '2s', poll: { min: '20ms', max: '200ms' } }, auth: { connection: server.connectionString } },
    publish: async n => { for (let i = 0; i < n; i++) await queue.sendMessage(`{"n":${i}}`) },
    left: () => count(queue),
    handedOut: async () => await count(queue) - (await queue.peekMessages({ numberOfMessages: 32 })).peekedMessageItems.length,
    crash: () => server.restart(),
    deadLetters: { destination: {}, stored: () => count(poison) },
    close: async () => { await queue.deleteIfExists(); await poison.deleteIfExists() },
  }
}

describe('the azure-queue connector', () => {
  const cases = connectorSuite(connector, {
    source, yaml: parse, retryAfterMs: 1000,
    unreachable: { metadata: { queueName: 'orders' }, auth: { connection: nowhere } },
  })
  for (const one of cases) test(one.name, () => one.run())
})
