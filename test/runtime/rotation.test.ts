import { expect, test } from 'vitest'
import { defineScaler, spec, string, TidegateError } from '../../src/plugin/index.js'
import { kitFor } from '../../src/runtime/kit.js'
import { sharing } from '../../src/runtime/sharing.js'
import { SourceReader, type ResolvedConfig } from '../../src/runtime/scaling/source-reader.js'
import { ManualClock } from '../fakes/manual-clock.js'
import { MemoryStore, recordingLog } from '../fakes/ports.js'
import { bundle } from './pump-bundle.js'

const nobody = { inc: () => undefined, set: () => undefined, observe: () => undefined }

/** A scaler of a broker that lets in who has one of `accepted`. */
function setup () {
  const clock = new ManualClock()
  const log = recordingLog()
  const broker = { accepted: ['first'], doorbell: undefined as TidegateError | undefined }
  const world = { password: 'first', unreachable: false, ages: [] as number[], openingMs: 0 }
  const life: string[] = []
  const definition = defineScaler({
    type: 'depth', title: 'Depth', summary: 'What the test says.', since: '0', stability: 'stable', examples: [{ title: 'One', yaml: 'type: depth' }],
    config: spec({ password: string({ summary: 'Password.' }) }),
    measure: () => ({ name: 'depth', target: 5, activation: 0, metricType: 'AverageValue' }),
    open: async ({ password }, _kit, measured) => {
      life.push(`open ${password}`)
      if (world.openingMs > 0) await clock.sleep(world.openingMs)
      return {
        read: async () => {
          if (!broker.accepted.includes(password)) throw new TidegateError('TG_SOURCE_REFUSED', 'wrong password')
          life.push(`read ${password}`)
          return measured(7)
        },
        async * watch (signal) {
          if (broker.doorbell !== undefined) throw broker.doorbell
          await clock.sleep(1e9, signal)
          yield * []
        },
        close: async () => { life.push(`close ${password}`) },
      }
    },
  })
  const resolve = async (maxAgeMs: number): Promise<ResolvedConfig> => {
    world.ages.push(maxAgeMs)
    if (world.unreachable) throw new Error('no answer')
    return { ok: true, config: { password: world.password }, digest: world.password }
  }
  const kit = kitFor({ kind: 'ScaledObject', namespace: 'n', name: 'so', uid: 'u' }, 'depth', { clock, random: () => 0.5, log, sharing: sharing(clock, log), state: new MemoryStore() })
  const reader = new SourceReader({ trigger: 's0', definition, metricType: 'AverageValue', resolve, kit, clock, log, metrics: { measured: nobody, absent: nobody, failed: nobody, duration: nobody, value: nobody } })
  const look = async (): Promise<string> => (await reader.look(new AbortController().signal)).kind
  return { clock, log, broker, world, life, reader, look }
}

test('a rotated credential is used within a minute: the new client reads before the old one is closed', async () => {
  const t = setup()
  await t.look()
  t.world.password = 'second'
  t.broker.accepted = ['first', 'second']
  await t.clock.advance(20_000)
  expect(await t.look()).toBe('measured')
  expect(t.life.indexOf('read second')).toBeGreaterThan(0)
  expect(t.life.indexOf('close first')).toBeGreaterThan(t.life.indexOf('read second'))
  expect(t.life.at(-1)).toBe('read second')
})

test('a Secret that was changed before its broker changes nothing yet; the old client reads on until the broker follows', async () => {
  const t = setup()
  await t.look()
  t.world.password = 'second'
  for (let i = 0; i < 3; i++) {
    await t.clock.advance(20_000)
    expect(await t.look()).toBe('measured')
  }
  expect(t.life.filter(l => l === 'close first')).toEqual([])
  expect(t.life.filter(l => l === 'open second')).toHaveLength(3)
  expect(t.life.filter(l => l === 'close second')).toHaveLength(3)
  expect(t.log.lines.filter(l => l.message.startsWith('the source refuses the new credentials'))).toHaveLength(1)
  t.broker.accepted = ['second']
  expect(await t.look()).toBe('failed')
  expect(await t.look()).toBe('measured')
  expect(t.life.at(-1)).toBe('read second')
})

test('after a refusal the Secret is read anew at once', async () => {
  const t = setup()
  await t.look()
  t.world.password = 'second'
  t.broker.accepted = ['second']
  expect(await t.look()).toBe('failed')
  expect(await t.look()).toBe('measured')
  expect(t.world.ages).toEqual([40_000, 1_000])
})

test('a doorbell that is refused asks for a look with credentials read anew, and not again and again', async () => {
  const t = setup()
  await t.look()
  let rings = 0
  t.broker.doorbell = new TidegateError('TG_SOURCE_REFUSED', 'wrong password')
  t.reader.arm(() => { rings++ })
  await t.clock.advance(14_000)
  expect(rings).toBe(1)
  await t.clock.advance(15_000)
  expect(rings).toBe(2)
  await t.look()
  expect(t.world.ages).toEqual([40_000, 1_000])
  await t.reader.close()
})

test('an API server that is away is no reason to lose sight of a source', async () => {
  const t = setup()
  await t.look()
  t.world.unreachable = true
  await t.clock.advance(600_000)
  expect(await t.look()).toBe('measured')
})

test('a connector is renewed: the new one is opened first, is pulled from at once, and the old one is closed when what it handed out is settled', async () => {
  const t = bundle({ plan: { perReplica: 1 } })
  t.fn.rule = undefined
  t.ready('a', 'b')
  t.pump.start()
  await t.clock.advance(0)
  t.source.offer('1')
  await t.clock.advance(0)
  await t.pump.renew()
  await t.clock.advance(0)
  const [old, next] = t.connectors
  next?.offer('2')
  await t.clock.advance(0)
  expect(t.fn.calls).toHaveLength(2)
  expect([old?.closed, next?.closed]).toEqual([0, 0])
  t.fn.calls[0]?.answer({ kind: 'answered', status: 200 })
  await t.clock.advance(0)
  expect([old?.closed, next?.closed]).toEqual([1, 0])
  expect(old?.settlements.map(s => s.id)).toEqual(['1'])
  t.fn.calls[1]?.answer({ kind: 'answered', status: 200 })
  await t.pump.stop()
  expect([old?.closed, next?.closed]).toEqual([1, 1])
})

test('a connector that cannot be renewed goes on', async () => {
  const t = bundle()
  t.ready('a')
  t.pump.start()
  await t.clock.advance(0)
  t.sourceAway = true
  await t.pump.renew()
  t.source.offer('1')
  await t.clock.advance(0)
  expect(t.settled()).toEqual(['1 ack'])
  expect(t.opened).toBe(1)
  await t.pump.stop()
})

test('a pump whose slots are all taken is renewed too', async () => {
  const t = bundle({ plan: { perReplica: 1 } })
  t.fn.rule = undefined
  t.ready('a')
  t.pump.start()
  await t.clock.advance(0)
  t.source.offer('1')
  await t.clock.advance(0)
  await t.pump.renew()
  await t.clock.advance(0)
  t.fn.calls[0]?.answer({ kind: 'answered', status: 200 })
  await t.clock.advance(0)
  t.connectors[1]?.offer('2')
  await t.clock.advance(0)
  expect(t.fn.calls).toHaveLength(2)
  expect(t.connectors[0]?.closed).toBe(1)
  t.fn.calls[1]?.answer({ kind: 'answered', status: 200 })
  await t.pump.stop()
})

test('a client that takes longer to open than a look may take is opened once, and the look that finds it open uses it', async () => {
  const t = setup()
  t.world.openingMs = 15_000
  const looks = [t.look()]
  await t.clock.advance(11_000)
  looks.push(t.look())
  await t.clock.advance(11_000)
  expect(await Promise.all(looks)).toEqual(['failed', 'measured'])
  await t.reader.close()
  expect(t.life).toEqual(['open first', 'read first', 'close first'])
})

test('of two clients that open one after the other the late one is closed', async () => {
  const t = setup()
  t.world.openingMs = 100_000
  const looks = [t.look()]
  await t.clock.advance(61_000)
  t.world.openingMs = 1000
  looks.push(t.look())
  await t.clock.advance(60_000)
  expect(await Promise.all(looks)).toEqual(['failed', 'measured'])
  expect(t.life).toEqual(['open first', 'open first', 'read first', 'close first'])
  await t.reader.close()
  expect(t.life.filter(l => l === 'close first')).toHaveLength(2)
})
