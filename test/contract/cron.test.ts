import { describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { cron } from '../../connectors/cron.js'
import type { Connector, Delivery, Kit } from '../../src/plugin/index.js'
import { connectorSuite, testCapacity, testKit, within, type TestCapacity } from '../../src/plugin/testing/index.js'
import { parseConfig } from '../../src/spec/index.js'
import { ManualClock, settle } from '../fakes/manual-clock.js'
import { memoryState } from './memory-state.js'

const start = Date.parse('2026-01-05T07:00:00Z')
const second = 1000
const minute = 60 * second
const seconds = (iso: string): number => Date.parse(iso) / 1000

describe('the cron connector', () => {
  const cases = connectorSuite(cron, {
    yaml: parse,
    async source () {
      const [clock, state] = [new ManualClock(start), memoryState()]
      return {
        values: { metadata: { every: '1s', missedRuns: 'All' } },
        kit: testKit({ clock, state }),
        publish: count => clock.advance(count * second),
        left: async () => claimed(state.values.get('ticks')).length,
        close: async () => undefined,
      }
    },
  })
  for (const one of cases) test(one.name, () => one.run())
})

function claimed (page: string | undefined): readonly number[] {
  return page === undefined ? [] : (JSON.parse(page) as { claimed: readonly number[] }).claimed
}

interface Opened { readonly connector: Connector, readonly next: () => Promise<Delivery>, readonly end: () => Promise<void>, readonly capacity: TestCapacity }

/** A connector whose deliveries are asked for one by one. */
async function open (metadata: Readonly<Record<string, unknown>>, kit: Kit, slots = 10): Promise<Opened> {
  const parsed = parseConfig(cron.config, { metadata }, { path: [], mode: 'either', unknownKeys: 'error', about: '"cron"' })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const connector = await cron.open(parsed.value, kit)
  const [stop, capacity] = [new AbortController(), testCapacity(slots)]
  const deliveries = connector.receive(stop.signal, capacity)[Symbol.asyncIterator]()
  const end = async (): Promise<void> => { stop.abort(); await deliveries.return?.(); await connector.close() }
  onTestFinished(end)
  const next = async (): Promise<Delivery> => {
    const result = await within(5000, 'the next delivery', deliveries.next())
    if (result.done === true) throw new Error('receive ended')
    return result.value
  }
  return { connector, next, end, capacity }
}

function world (): { clock: ManualClock, kit: Kit, state: ReturnType<typeof memoryState> } {
  const [clock, state] = [new ManualClock(start), memoryState()]
  return { clock, state, kit: testKit({ clock, state, owner: { kind: 'Trigger', namespace: 'shop', name: 'report', uid: 'u-1' } }) }
}

/** Whether a promise is settled once everything that can happen now has happened. */
async function isPending (promise: Promise<unknown>): Promise<boolean> {
  let pending = true
  promise.then(() => { pending = false }, () => { pending = false })
  await settle()
  return pending
}

describe('an event of a schedule', () => {
  test('says what it is, and its time is the scheduled one', async () => {
    const { clock, kit } = world()
    const { next, connector } = await open({ every: '15s', payload: { json: { report: 'daily' } } }, kit)
    expect(connector.nextAt?.()).toBe(start + 15 * second)
    await clock.advance(16 * second)
    const { event, handOuts } = await next()
    expect(handOuts).toBe(1)
    expect(event).toMatchObject({
      id: `u-1/${seconds('2026-01-05T07:00:15Z')}`, source: '/namespaces/shop/triggers/report', type: 'dev.tidegate.cron.fired.v1', subject: '@every 15s',
      time: '2026-01-05T07:00:15.000Z', contentType: 'application/json',
      extensions: { scheduledtime: '2026-01-05T07:00:15.000Z', recordedtime: '2026-01-05T07:00:16.000Z', catchup: 'false' },
    })
    expect(Buffer.from(event.data).toString()).toBe('{"report":"daily"}')
    expect(connector.nextAt?.()).toBe(start + 30 * second)
  })

  test.each([
    [{ text: 'hello' }, 'text/plain; charset=utf-8', 'hello'],
    [{ base64: 'aGVsbG8=' }, 'application/octet-stream', 'hello'],
    [{}, 'text/plain; charset=utf-8', ''],
  ])('carries %j', async (payload, contentType, body) => {
    const { clock, kit } = world()
    const { next } = await open({ every: '1s', payload }, kit)
    await clock.advance(second)
    const { event } = await next()
    expect([event.contentType, Buffer.from(event.data).toString()]).toEqual([contentType, body])
  })

  test('comes on the second from a real clock, fired by node-cron', async () => {
    const { next } = await open({ schedule: '* * * * * *' }, testKit({ state: memoryState() }))
    const { event } = await next()
    const lateMs = Date.now() - Date.parse(event.time ?? '')
    expect(Date.parse(event.time ?? '') % 1000).toBe(0)
    expect(lateMs).toBeLessThan(900)
    expect((await next()).event.id).not.toBe(event.id)
  })

  test('of two schedules that coincide is one', async () => {
    const { clock, kit } = world()
    const { connector } = await open({ schedules: ['0 * * * *', '*/30 * * * *'] }, kit)
    expect(connector.nextAt?.()).toBe(start + 30 * minute)
    await clock.advance(30 * minute)
    expect(connector.nextAt?.()).toBe(start + 60 * minute)
  })
})

describe('what was claimed', () => {
  test('comes again with the same id when its owner died before it was done', async () => {
    const { clock, kit } = world()
    const first = await open({ every: '10s' }, kit)
    await clock.advance(10 * second)
    const { event } = await first.next()
    await first.end() // not settled: as after a crash
    const heir = await open({ every: '10s' }, kit)
    const again = await heir.next()
    expect([again.event.id, again.handOuts, again.event.extensions['catchup']]).toEqual([event.id, 2, 'true'])
    await again.settle({ kind: 'ack' })
    expect(await isPending(heir.next())).toBe(true)
  })

  test('is claimed once when two owners overlap', async () => {
    const { clock, kit, state } = world()
    const [a, b] = [await open({ every: '10s' }, kit), await open({ every: '10s' }, kit)]
    await clock.advance(10 * second)
    const taken = [a.next(), b.next()]
    const first = await Promise.race(taken)
    expect((await Promise.all(taken.map(isPending))).filter(pending => pending)).toHaveLength(1)
    await first.settle({ kind: 'ack' })
    expect(claimed(state.values.get('ticks'))).toEqual([])
  })

  test('comes back after a retry, and not before', async () => {
    const { clock, kit } = world()
    const { next } = await open({ every: '1h', startingDeadlineSeconds: 10_000 }, kit)
    await clock.advance(60 * minute)
    const first = await next()
    await first.settle({ kind: 'retry', afterMs: 5000 })
    const again = next()
    await clock.advance(4999)
    expect(await isPending(again)).toBe(true)
    await clock.advance(1)
    expect((await again).event.id).toBe(first.event.id)
  })
})

describe('missed runs', () => {
  const afterANight = async (missedRuns: string): Promise<string[]> => {
    const { clock, kit } = world()
    const evening = await open({ schedule: '0 * * * *', missedRuns, startingDeadlineSeconds: 86_400 }, kit)
    await evening.end()
    await clock.advance(3 * 60 * minute + 2 * minute)
    const { next, connector } = await open({ schedule: '0 * * * *', missedRuns, startingDeadlineSeconds: 86_400 }, kit)
    const seen: string[] = []
    for (let delivery = next(); !await isPending(delivery); delivery = next()) seen.push((await delivery).event.time ?? '')
    expect(await connector.backlog?.(AbortSignal.abort())).toBe(seen.length)
    return seen.map(time => time.slice(11, 16))
  }

  test('are gone with Skip', async () => { expect(await afterANight('Skip')).toEqual([]) })
  test('are made up for by the last', async () => { expect(await afterANight('Last')).toEqual(['10:00']) })
  test('are each made up for with All', async () => { expect(await afterANight('All')).toEqual(['08:00', '09:00', '10:00']) })

  test('before the first start do not exist, nor of another schedule', async () => {
    const { clock, kit } = world()
    const before = await open({ schedule: '0 * * * *', missedRuns: 'All', startingDeadlineSeconds: 86_400 }, kit)
    expect(await isPending(before.next())).toBe(true)
    await before.end()
    await clock.advance(90 * minute)
    const edited = await open({ schedule: '5 * * * *', missedRuns: 'All', startingDeadlineSeconds: 86_400 }, kit)
    expect(await isPending(edited.next())).toBe(true)
  })

  test('pile up behind a Trigger that takes nothing by the same rule', async () => {
    const { clock, kit } = world()
    const { next, capacity } = await open({ every: '10s' }, kit, 0)
    const delivery = next()
    await clock.advance(60 * second)
    expect(await isPending(delivery)).toBe(true)
    capacity.set(2)
    expect([await delivery, await next()].map(({ event }) => event.time?.slice(11, 19)), 'those of the last ten seconds are no missed runs').toEqual(['07:00:50', '07:01:00'])
  })

  test('are none when nobody looks for some seconds', async () => {
    for (const missedRuns of ['Skip', 'Last']) {
      const { clock, kit } = world()
      const before = await open({ every: '1s', missedRuns }, kit)
      await before.end()
      await clock.advance(3 * second)
      const { next } = await open({ every: '1s', missedRuns }, kit)
      const seen = [await next(), await next(), await next()].map(({ event }) => [event.time?.slice(17, 19), event.extensions['catchup']])
      expect(seen, missedRuns).toEqual([['01', 'false'], ['02', 'false'], ['03', 'false']])
    }
  })

  test('seen in time and not begun within the deadline are given up and told', async () => {
    const { clock, kit, state } = world()
    const { next } = await open({ every: '10s', startingDeadlineSeconds: 25 }, kit, 1)
    await clock.advance(10 * second)
    const busy = await next()
    await clock.advance(60 * second)
    expect(claimed(state.values.get('ticks')).map(tick => tick - start / 1000), 'the one in hand, and those that can still begin').toEqual([10, 50, 60, 70])
    expect((kit as ReturnType<typeof testKit>).lines.map(line => line.message)).toContain('starting deadline missed')
    await busy.settle({ kind: 'ack' })
    expect((await next()).event.time).toBe('2026-01-05T07:00:50.000Z')
  })
})

describe('concurrency', () => {
  test('Allow begins the next while the one before is in hand', async () => {
    const { clock, kit } = world()
    const { next } = await open({ every: '10s' }, kit)
    const first = next()
    await clock.advance(10 * second)
    await first
    const other = next()
    await clock.advance(10 * second)
    expect((await other).event.id).not.toBe((await first).event.id)
  })

  test('Forbid waits, and begins the last that was due when it ends', async () => {
    const { clock, kit } = world()
    const { next } = await open({ every: '10s', concurrencyPolicy: 'Forbid' }, kit)
    const first = next()
    await clock.advance(10 * second)
    const busy = await first
    const other = next()
    await clock.advance(35 * second)
    expect(await isPending(other)).toBe(true)
    await busy.settle({ kind: 'ack' })
    expect((await other).event.time).toBe('2026-01-05T07:00:40.000Z')
  })

  test('Forbid begins the last of those that a stall brought together', async () => {
    const { clock, kit } = world()
    const { next, capacity } = await open({ every: '1s', concurrencyPolicy: 'Forbid' }, kit, 0)
    const first = next()
    await clock.advance(3 * second)
    capacity.set(1)
    expect((await first).event.time).toBe('2026-01-05T07:00:03.000Z')
    await (await first).settle({ kind: 'ack' })
    expect(await isPending(next())).toBe(true)
  })

  test('Forbid with All is a queue', async () => {
    const { clock, kit } = world()
    const { next } = await open({ every: '10s', concurrencyPolicy: 'Forbid', missedRuns: 'All' }, kit)
    const seen: (string | undefined)[] = []
    await clock.advance(30 * second)
    for (let i = 0; i < 3; i++) {
      const delivery = await next()
      seen.push(delivery.event.time?.slice(14, 19))
      await delivery.settle({ kind: 'ack' })
    }
    expect(seen).toEqual(['00:10', '00:20', '00:30'])
  })
})

describe('its configuration', () => {
  const problems = (metadata: Readonly<Record<string, unknown>>): readonly string[] =>
    parseConfig(cron.config, { metadata }, { path: [], mode: 'either', unknownKeys: 'error', about: '"cron"' }).problems.map(p => `${p.path.join('.')} ${p.message}`)

  test.each<[Record<string, unknown>, string]>([
    [{}, 'schedule is required'],
    [{ schedule: '* * * * *', every: '5m' }, 'schedule excludes schedules and every'],
    [{ schedule: '0 8 * * 7' }, 'schedule "0 8 * * 7": day of week 7 is above 6'],
    [{ schedules: ['@every 5m'] }, 'schedules "@every 5m": @every cannot be one of several'],
    [{ schedule: '@daily', timeZone: 'Mars/Olympus' }, 'timeZone Mars/Olympus is no time zone that this machine knows'],
    [{ schedule: '@daily', payload: { text: 'a', json: 1 } }, 'payload holds more than one of json, text, base64'],
    [{ schedule: '@daily', payload: { base64: '***' } }, 'payload.base64 is not base64'],
    [{ schedule: '@daily', maxRuns: 3 }, 'maxRuns is not built yet'],
    [{ every: '500ms' }, 'every "500ms" must be at least 1s'],
  ])('%j: %s', (metadata, problem) => { expect(problems(metadata)).toContain(problem) })
})
