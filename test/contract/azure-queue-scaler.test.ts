import { randomUUID } from 'node:crypto'
import { QueueServiceClient } from '@azure/storage-queue'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { parse } from 'yaml'
import { azureQueue as scaler } from '../../scalers/azure-queue.js'
import { scalerSuite, type TestReadable } from '../../src/plugin/testing/index.js'
import { azurite, connectionStringFor, type Azurite } from '../servers/azurite.js'

let server: Azurite
beforeAll(async () => { server = await azurite() })
afterAll(async () => { await server.stop() })

const otherKey = Buffer.from('not the key of the account, but as long as one is, as is needed').toString('base64')

async function source (queueLengthStrategy: string): Promise<TestReadable> {
  const queueName = `contract-${randomUUID()}`
  const queue = QueueServiceClient.fromConnectionString(server.connectionString).getQueueClient(queueName)
  await queue.create()
  return {
    values: { metadata: { queueName, activationQueueLength: '2', queueLengthStrategy, connectionFromEnv: 'STORAGE' }, env: { STORAGE: server.connectionString } },
    async put (count) {
      await queue.clearMessages()
      for (let i = 0; i < count; i++) await queue.sendMessage(`message ${i}`)
    },
    close: async () => { await queue.deleteIfExists() },
  }
}

for (const strategy of ['all', 'visibleonly']) {
  describe(`the azure-queue scaler, ${strategy}`, () => {
    const cases = scalerSuite(scaler, {
      source: () => source(strategy), amounts: [3, 2], yaml: parse,
      unreachable: { metadata: { queueName: 'orders' }, auth: { connection: connectionStringFor('http://127.0.0.1:1') } },
      place: 'queue "orders" of account "devstoreaccount1" at 127.0.0.1:1',
      refused: async () => ({
        values: { metadata: { queueName: 'orders' }, auth: { connection: server.connectionString.replace(/AccountKey=[^;]+/, `AccountKey=${otherKey}`) } },
        secrets: [otherKey], close: async () => undefined,
      }),
    })
    for (const one of cases) test(one.name, () => one.run())
  })
}
