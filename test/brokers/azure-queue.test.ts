import { randomUUID } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { type AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { QueueServiceClient, type QueueClient } from '@azure/storage-queue'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { azureQueue as connector } from '../../connectors/azure-queue.js'
import { openQueue, type AzureQueue, type AzureQueueConnection } from '../../src/brokers/azure-queue.js'
import { Secret, TidegateError, type Delivery } from '../../src/plugin/index.js'
import { eventually, realClock, testCapacity, testKit, tidegateError, within } from '../../src/plugin/testing/index.js'
import { parseConfig } from '../../src/spec/index.js'
import { azurite, connectionStringFor, type Azurite } from '../servers/azurite.js'

let server: Azurite
beforeAll(async () => { server = await azurite() })
afterAll(async () => { await server.stop() })

const never = new AbortController().signal
const named = (queueName: string, connection = server.connectionString): AzureQueueConnection =>
  ({ queueName, connection: new Secret(connection), accountName: undefined, cloud: 'AzurePublicCloud', endpointSuffix: undefined, identity: undefined })

async function fresh (): Promise<{ name: string, client: QueueClient, queue: AzureQueue }> {
  const name = `broker-${randomUUID()}`
  const client = QueueServiceClient.fromConnectionString(server.connectionString).getQueueClient(name)
  await client.create()
  onTestFinished(async () => { await client.deleteIfExists() })
  return { name, client, queue: (await openQueue(named(name), testKit())).value }
}

/** A server that answers every request with one status, or never. */
async function faulty (status: number | 'never', headers: Record<string, string> = {}): Promise<{ host: string, hits: () => number }> {
  let hits = 0
  const faults: Server = createServer((_request, response) => {
    hits++
    if (status !== 'never') response.writeHead(status, headers).end()
  })
  await new Promise<void>(resolve => faults.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => { faults.closeAllConnections(); faults.close() })
  return { host: `http://127.0.0.1:${(faults.address() as AddressInfo).port}`, hits: () => hits }
}

describe('a call that fails', () => {
  test('names queue, account and host, and nothing secret', async () => {
    const { value } = await openQueue(named('orders', connectionStringFor('http://127.0.0.1:1')), testKit())
    const error = await tidegateError('count', value.approximateCount(never))
    expect(error.code).toBe('TG_SOURCE_UNREACHABLE')
    expect(error.message).toBe('could not count queue "orders" of account "devstoreaccount1" at 127.0.0.1:1: connection refused')
    expect(inspect(error, { depth: 10 })).not.toContain('Eby8vdM02xNO')
  })

  test('of a queue that does not exist says so', async () => {
    const { value } = await openQueue(named(`missing-${randomUUID()}`), testKit())
    expect(await tidegateError('count', value.approximateCount(never))).toMatchObject({ code: 'TG_SOURCE_NOT_FOUND', hint: 'create the queue, or correct queueName' })
  })

  test.each([[403, 'TG_SOURCE_REFUSED'], [401, 'TG_SOURCE_REFUSED'], [503, 'TG_SOURCE_UNREACHABLE'], [429, 'TG_SOURCE_UNREACHABLE'], [400, 'TG_SOURCE_BAD_ANSWER']])(
    'with HTTP %i has code %s, soon', async (status, code) => {
      const { host, hits } = await faulty(status)
      const { value } = await openQueue(named('orders', connectionStringFor(host)), testKit())
      const error = await within(3000, 'the call', tidegateError('count', value.approximateCount(never)))
      expect(error.code).toBe(code)
      expect(hits()).toBeLessThanOrEqual(2)
    })

  test('keeps a shared access signature out of everything it says', async () => {
    const { host } = await faulty(403)
    const signed = `QueueEndpoint=${host}/contoso;SharedAccessSignature=sv=2024-01-01&sig=verysecretsignature`
    const { value } = await openQueue(named('orders', signed), testKit())
    expect(value.url).toBe(`${host}/contoso/orders`)
    const error = await tidegateError('count', value.approximateCount(never))
    expect(error.code).toBe('TG_SOURCE_REFUSED')
    expect(inspect(error, { depth: 10 })).not.toContain('verysecretsignature')
  })

  test('because nobody answers ends by its deadline, or with the signal', async () => {
    const { host } = await faulty('never')
    const hurried = { ...realClock, after: (ms: number, fn: () => void) => realClock.after(Math.min(ms, 200), fn) }
    const { value } = await openQueue(named('orders', connectionStringFor(host)), testKit({ clock: hurried }))
    const error = await within(3000, 'the deadline', tidegateError('count', value.approximateCount(never)))
    expect([error.code, error.message]).toEqual(['TG_SOURCE_UNREACHABLE', expect.stringContaining('no answer within 10 s')])
    const patient = await openQueue(named('orders', connectionStringFor(host)), testKit())
    const stop = new AbortController()
    const asking = patient.value.approximateCount(stop.signal)
    stop.abort()
    await within(1000, 'the abort', expect(asking).rejects.not.toBeInstanceOf(TidegateError))
  })

  test('for a text that is no connection string does not quote it', async () => {
    const error = await tidegateError('open', openQueue(named('orders', 'AccountName=contoso;AccountKeyy=hushhush'), testKit()))
    expect([error.code, inspect(error, { depth: 10 }).includes('hushhush')]).toEqual(['TG_CONFIG_INVALID', false])
  })
})

describe('one client', () => {
  test('serves all queues of an account and credential, and another credential has its own', async () => {
    const kit = testKit()
    const leases = [await openQueue(named('a-queue'), kit), await openQueue(named('b-queue'), kit)]
    expect(kit.openCount()).toBe(1)
    leases.push(await openQueue(named('a-queue', connectionStringFor('http://127.0.0.1:1')), kit))
    expect(kit.openCount()).toBe(2)
    for (const lease of leases) await lease.release()
    expect(kit.openCount()).toBe(0)
  })
})

describe('a message in hand', () => {
  test('is lost when its time passed and another has it: neither deleted nor renewed', async () => {
    const { queue, client } = await fresh()
    await client.sendMessage('one')
    const [first] = await queue.receive(1, 1000, never)
    if (first === undefined) throw new Error('nothing received')
    const again = await eventually('it comes again', async () => (await queue.receive(1, 30_000, never))[0], m => m !== undefined)
    expect(await queue.delete(first, never)).toBe(false)
    expect(await queue.hide(first, 1000, never)).toBeUndefined()
    expect([again?.id, again?.dequeueCount]).toEqual([first.id, 2])
  })

  test('keeps its text through a renewal, whose receipt is another', async () => {
    const { queue, client } = await fresh()
    await client.sendMessage('{"keep":"me"}')
    const [message] = await queue.receive(1, 30_000, never)
    if (message === undefined) throw new Error('nothing received')
    const receipt = await queue.hide(message, 0, never)
    expect(receipt).not.toBe(message.popReceipt)
    expect((await queue.receive(1, 30_000, never)).map(m => m.text)).toEqual(['{"keep":"me"}'])
  })
})

interface Receiving { readonly next: () => Promise<Delivery>, readonly end: () => Promise<void> }

async function receiving (name: string, slots: number, more: Readonly<Record<string, unknown>> = {}): Promise<Receiving> {
  const values = { metadata: { queueName: name, poll: { min: '20ms', max: '200ms' }, ...more }, auth: { connection: server.connectionString } }
  const parsed = parseConfig(connector.config, values, { path: [], mode: 'either', unknownKeys: 'error', about: '"azure-queue"' })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const opened = await connector.open(parsed.value, testKit())
  const stop = new AbortController()
  const deliveries = opened.receive(stop.signal, testCapacity(slots))[Symbol.asyncIterator]()
  const end = async (): Promise<void> => { stop.abort(); await opened.close() }
  onTestFinished(end)
  return {
    end,
    next: async () => {
      const result = await within(10_000, 'the next delivery', deliveries.next())
      if (result.done === true) throw new Error('receive ended')
      return result.value
    },
  }
}

describe('the connector', () => {
  test('tells when the message expires and how often it came', async () => {
    const { name, client } = await fresh()
    await client.sendMessage(Buffer.from('{"order":7}').toString('base64'), { messageTimeToLive: 3600 })
    const { event, expiresAt } = await (await receiving(name, 1)).next()
    expect(expiresAt).toBe(Date.parse(event.extensions['expirytime'] ?? ''))
    expect(event).toMatchObject({ type: 'dev.tidegate.azurequeue.message.v1', source: `${server.url}/${name}`, contentType: 'application/json', extensions: { dequeuecount: '1' } })
    expect(Buffer.from(event.data).toString()).toBe('{"order":7}')
    const leftMs = Date.parse(event.extensions['expirytime'] ?? '') - Date.now()
    expect(leftMs).toBeGreaterThan(3_500_000)
    expect(leftMs).toBeLessThanOrEqual(3_601_000)
  })

  test('knows of no expiry where a message has none', async () => {
    const { name, client } = await fresh()
    await client.sendMessage('for ever', { messageTimeToLive: -1 })
    expect(await (await receiving(name, 1)).next()).not.toHaveProperty('expiresAt')
  })

  test('hands back at once what it pulled and could not hand out', async () => {
    const { name, client, queue } = await fresh()
    for (let i = 0; i < 5; i++) await client.sendMessage(`message ${i}`)
    const { next, end } = await receiving(name, 5, { visibilityTimeout: '1h' })
    const inHand = await next()
    expect(await queue.peekCount(never), 'all five were pulled').toBe(0)
    await end()
    await eventually('four are visible again', () => queue.peekCount(never), n => n === 4)
    await inHand.settle({ kind: 'release' })
    await eventually('and the fifth', () => queue.peekCount(never), n => n === 5)
  })

  test('renews and deletes one after the other, however they are called', async () => {
    const { name, client, queue } = await fresh()
    await client.sendMessage('one')
    const delivery = await (await receiving(name, 1)).next()
    await Promise.all([delivery.extend?.(), delivery.extend?.(), delivery.extend?.(), delivery.settle({ kind: 'ack' })])
    expect(await queue.approximateCount(never)).toBe(0)
  })

  test('looks again when a retry is due, not at the end of its pause', async () => {
    const { name, client } = await fresh()
    await client.sendMessage('one')
    const { next } = await receiving(name, 2, { poll: { min: '10s', max: '1h' } })
    const first = await next()
    const again = next()
    const settledAt = performance.now()
    await first.settle({ kind: 'retry', afterMs: 1000 })
    expect((await again).handOuts).toBe(2)
    expect(performance.now() - settledAt).toBeLessThan(5000)
  })

  test('says so when an ack came too late', async () => {
    const { name, client } = await fresh()
    await client.sendMessage('one')
    const { next } = await receiving(name, 2, { visibilityTimeout: '1s' })
    const late = await next()
    const again = await next()
    expect(await tidegateError('the late ack', Promise.resolve(late.settle({ kind: 'ack' })))).toMatchObject({ code: 'TG_SOURCE_REFUSED' })
    await again.settle({ kind: 'ack' })
  })

  test('creates the queue only where it is told to', async () => {
    const name = `broker-${randomUUID()}`
    expect(await tidegateError('open', receiving(name, 1))).toMatchObject({ code: 'TG_SOURCE_NOT_FOUND' })
    const { end } = await receiving(name, 1, { createIfMissing: true })
    await end()
    const client = QueueServiceClient.fromConnectionString(server.connectionString).getQueueClient(name)
    expect(await client.exists()).toBe(true)
    await client.delete()
  })
})
