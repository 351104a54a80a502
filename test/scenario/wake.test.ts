import { connect, type JetStreamClient, type NatsConnection } from 'nats'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type NatsServer, natsServer } from '../servers/nats.js'
import { type LogLine, Scene, until } from './harness.js'
import { fn } from './manifests.js'

let server: NatsServer
let connection: NatsConnection
let stream: JetStreamClient
beforeAll(async () => {
  server = await natsServer()
  connection = await connect({ servers: server.url })
  await (await connection.jetstreamManager()).streams.add({ name: 'WAKE', subjects: ['wake.stored'] })
  stream = connection.jetstream()
})
afterAll(async () => {
  await connection.close()
  await server.stop()
})

const parts = ['noticeMs', 'decideMs', 'startMs', 'readyMs', 'deliverMs'] as const
const sumOf = (line: LogLine): number => parts.reduce((sum, part) => sum + Number(line[part]), 0)

describe('a sleeping function', () => {
  const cases = [
    { title: 'a JetStream event', source: { natsJetstream: { subject: 'wake.stored' } }, publish: async (body: string) => { await stream.publish('wake.stored', body) } },
    { title: 'a core NATS event', source: { nats: { subject: 'wake.plain' } }, publish: async (body: string) => { connection.publish('wake.plain', body); await connection.flush() } },
  ]
  for (const { title, source, publish } of cases) {
    it(`is woken by ${title} at each of ten times, with no attempt spent and the time accounted for`, async () => {
      const scene = new Scene()
      const [key = '', values = {}] = Object.entries(source)[0] ?? []
      scene.write('all.yaml', ...fn('sleeper', { [key]: { servers: server.url, ...values } }, { OUT: scene.out }, { scale: { cooldown: '100ms', pollingInterval: '100ms' } }))
      const run = await scene.run()
      await run.statusUntil('Trigger', 'sleeper', s => s.conditions.some(c => c.type === 'Ready' && c.status === 'True'))
      for (let i = 0; i < 10; i++) {
        const before = run.log.length
        await publish(String(i))
        const woken = await run.line(l => l.msg === 'woken', `wake ${i}`, before)
        await run.line(l => l.msg === 'scaled' && l['to'] === 0, `back to zero after wake ${i}`, before)
        expect(sumOf(woken)).toBe(woken['totalMs'])
        for (const part of parts) expect(woken[part]).toBeGreaterThanOrEqual(0)
      }
      await until(() => scene.got().length === 10)
      expect(scene.got().map(({ body, attempt }) => ({ body, attempt })).sort((a, b) => Number(a.body) - Number(b.body)))
        .toEqual(Array.from({ length: 10 }, (_, i) => ({ body: String(i), attempt: 1 })))
      expect(await run.stop()).toBe(0)
    })
  }
})
