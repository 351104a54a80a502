import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AckPolicy, connect, type JetStreamManager, type NatsConnection } from 'nats'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { natsJetstream } from '../../scalers/nats-jetstream.js'
import { measuredAs, type Look, type Scaler } from '../../src/plugin/index.js'
import { parseConfig } from '../../src/spec/index.js'
import { tidegateError, testKit, within } from '../../src/plugin/testing/index.js'
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
const publish = (subject: string) => connection.jetstream().publish(subject, 'x')

/** A stream with two subjects; the consumer takes one of them. */
async function consumer (): Promise<string> {
  const stream = `L${process.pid}_${++count}`
  await manager.streams.add({ name: stream, subjects: [`${stream}.in`, `${stream}.other`] })
  await manager.consumers.add(stream, { durable_name: 'worker', ack_policy: AckPolicy.Explicit, filter_subject: `${stream}.in` })
  return stream
}

async function open (metadata: Record<string, string>, kit = testKit(), auth: Record<string, string> = {}): Promise<Scaler> {
  const parsed = parseConfig(natsJetstream.config, { metadata, auth }, { path: [], mode: 'text', unknownKeys: 'error', about: '"nats-jetstream"' })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return natsJetstream.open(parsed.value, kit, measuredAs(natsJetstream.measure(parsed.value)))
}

const byServers = (stream: string) => ({ servers: server.url, stream, consumer: 'worker' })
const byPort = (stream: string) => ({ natsServerMonitoringEndpoint: `127.0.0.1:${server.monitoringPort}`, account: '$G', stream, consumer: 'worker' })

describe('nats-jetstream reads the lag', () => {
  for (const [how, metadata] of [['servers', byServers], ['the monitoring port', byPort]] as const) {
    it(`by ${how}`, async () => {
      const stream = await consumer()
      for (const subject of ['in', 'in', 'in', 'other']) await publish(`${stream}.${subject}`)
      const scaler = await open(metadata(stream))
      expect(await scaler.read(AbortSignal.timeout(5000))).toMatchObject([{ name: `nats-jetstream-${stream}`, value: 3, target: 10 }])
      await scaler.close()
    })

    it(`fails by ${how} when the consumer is gone`, async () => {
      const stream = await consumer()
      await manager.consumers.delete(stream, 'worker')
      const scaler = await open(metadata(stream))
      expect((await tidegateError('read', scaler.read(AbortSignal.timeout(5000)))).code).toBe('TG_SOURCE_NOT_FOUND')
      await scaler.close()
    })
  }

  it('asks the monitoring port once for all who ask together', async () => {
    const [kit, stream] = [testKit(), await consumer()]
    const scalers = await Promise.all([1, 2, 3].map(() => open(byPort(stream), kit)))
    const before = await requests()
    await Promise.all(scalers.map(s => s.read(AbortSignal.timeout(5000))))
    expect(await requests() - before).toBe(1)
  })
})

it('never gives one tenant the answer meant for another, who differs by his certificate alone', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-tenants-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const [broker, alpha, beta] = ['broker', 'alpha', 'beta'].map(name => certificate(folder, name)) as [Pem, Pem, Pem]
  writeFileSync(join(folder, 'known.pem'), broker.cert + alpha.cert + beta.cert)
  const tenant = (name: string): string => `${name}: {jetstream: enabled, users: [{user: "CN=${name}"}]}`
  const own = await natsServer({ config: `
    tls: {cert_file: "${folder}/broker.pem", key_file: "${folder}/broker.key", ca_file: "${folder}/known.pem", verify_and_map: true}
    accounts: {${tenant('alpha')}, ${tenant('beta')}}` })
  onTestFinished(() => own.stop())
  const [address, kit] = [`localhost:${own.port}`, testKit()]
  const scalerOf = async (who: Pem, events: number): Promise<Scaler> => {
    const auth = { ca: broker.cert, ...who }
    const client = await connect({ servers: address, tls: auth })
    const its = await client.jetstreamManager()
    await its.streams.add({ name: 'S', subjects: ['s'] })
    await its.consumers.add('S', { durable_name: 'worker', ack_policy: AckPolicy.Explicit })
    for (let i = 0; i < events; i++) await client.jetstream().publish('s', 'x')
    await client.close()
    return open({ servers: address, stream: 'S', consumer: 'worker' }, kit, auth)
  }
  const scalers = [await scalerOf(alpha, 3), await scalerOf(beta, 1)]
  const read = (scaler: Scaler): Promise<Look> => scaler.read(AbortSignal.timeout(5000))
  await Promise.all(scalers.map(read)) // both are connected now, so that they ask in the same instant
  expect(await Promise.all(scalers.map(read))).toMatchObject([[{ value: 3 }], [{ value: 1 }]])
  await Promise.all(scalers.map(s => s.close()))
})

interface Pem { readonly cert: string, readonly key: string }

/** A certificate that vouches for itself, in the folder as NAME.pem and NAME.key. */
function certificate (folder: string, name: string): Pem {
  const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)]
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
    '-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert], { stdio: 'pipe' })
  return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') }
}

/** How often /jsz was asked, by the server's own count. */
async function requests (): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${server.monitoringPort}/varz`)
  return ((await answer.json()) as { http_req_stats: Record<string, number> }).http_req_stats['/jsz'] ?? 0
}

describe('nats-jetstream rings', () => {
  it('at once for an event of the consumer, not for one of others, and leaves nothing behind', async () => {
    const stream = await consumer()
    const before = (await manager.consumers.list(stream).next()).length
    const kit = testKit()
    const scaler = await open(byServers(stream), kit)
    const stop = new AbortController()
    const rings = scaler.watch?.(stop.signal)[Symbol.asyncIterator]()
    const first = rings?.next()
    await publish(`${stream}.other`)
    const publishedAt = performance.now()
    await publish(`${stream}.in`)
    expect(await within(3000, 'the first ring', first ?? Promise.reject(new Error('no watch')))).toMatchObject({ value: { value: 1 } })
    expect(performance.now() - publishedAt).toBeLessThan(1000)
    const second = rings?.next() ?? Promise.reject(new Error('no watch'))
    await publish(`${stream}.in`)
    await publish(`${stream}.in`)
    expect((await within(3000, 'the second ring', second)).value).toMatchObject({ value: 3 })
    const last = rings?.next()
    stop.abort()
    expect((await last)?.done).toBe(true)
    expect((await manager.consumers.list(stream).next()).length).toBe(before)
    await scaler.close()
    expect(kit.openCount()).toBe(0)
  })

  it('throws when the servers are away, so that it is armed again', async () => {
    const own = await natsServer()
    const other = await connect({ servers: own.url })
    await (await other.jetstreamManager()).streams.add({ name: 'S', subjects: ['s'] })
    await (await other.jetstreamManager()).consumers.add('S', { durable_name: 'worker', ack_policy: AckPolicy.Explicit })
    await other.close()
    const scaler = await open({ servers: own.url, stream: 'S', consumer: 'worker' })
    const rings = scaler.watch?.(new AbortController().signal)[Symbol.asyncIterator]()
    const ring = rings?.next() ?? Promise.resolve()
    await scaler.read(AbortSignal.timeout(5000))
    await own.kill()
    const error = await within(15_000, 'watch ends', tidegateError('watch', ring))
    expect(error.code).toBe('TG_SOURCE_UNREACHABLE')
    await scaler.close()
    await own.stop()
  })
})
