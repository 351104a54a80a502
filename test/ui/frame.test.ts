import { describe, expect, test } from 'vitest'
import { refKey, type ObjectStatus } from '../../src/runtime/ports.js'
import type { Problem } from '../../src/spec/problem.js'
import { renderFrame, type FrameOptions } from '../../src/ui/frame.js'
import { displayWidth } from '../../src/ui/text.js'
import { audit, delivery, measured, now, orders, report, scaling, thumbnails } from './sample.js'

const all = [thumbnails, audit, report, orders]
const events: FrameOptions['events'] = [
  { at: now - 18_000, type: 'Normal', text: 'thumbnails: scaled from 0 to 4 because uploads: 20 at 5 each asks for 4' },
  { at: now - 1_000, type: 'Warning', text: 'orders: could not read stream "ORDERS"' },
]
const frame = (statuses: readonly ObjectStatus[], changes: Partial<FrameOptions> = {}): string =>
  renderFrame(statuses, { now, width: 100, height: 40, colors: false, rates: new Map([[refKey(audit.ref), 3.24]]), events, ...changes })
const broken = (file: string, message: string): Problem =>
  ({ code: 'TG_CONFIG_SYNTAX', severity: 'error', path: [], message, hint: 'mend it', origin: { kind: 'file', file, locate: () => ({ line: 3, column: 2 }) } })
const lines = (text: string): string[] => text.split('\n')

describe('frames', () => {
  test('a hundred columns', () => {
    expect(frame(all)).toMatchInlineSnapshot(`
      "OBJECT                   REPLICAS    BACKLOG  DELIVERED/S
      ScaledObject orders      10                ?            -
        TG_SOURCE_UNREACHABLE: could not read stream "ORDERS" at nats://127.0.0.1:4222: connection refused
        → tried again by itself; look at the address and whether the server runs
        SourceFailed: orders could not be read; ten replicas stay; next look in 14 s (pollingInterval 30)
      ScaledObject thumbnails  4 → 16           84            -
        AtMaximum: 17 asked for, maxReplicaCount is 16; 3 of 4 replicas ready
        next look in 12 s (pollingInterval 30)
      Trigger audit            1                 3          3.2
        SteadyState: The count is what the triggers ask for; next look in 4 s (pollingInterval 5)
        from natsJetstream events.todo.newitem, at least once; 3 in flight of 10 slots
        1,204 delivered, 2 failed, 1 dead letter
        last wake 14:02:07: 131 ms = notice 2 + decide 1 + start 20 + ready 95 + deliver 13
        last failure 14:01:55: HTTP 500 from http://127.0.0.1:41923 (event EVENTS/1187)
      Trigger report           0                 0            -
        Idle: no trigger is active; next look in 2 s (pollingInterval 5)
        from cron */5 * * * *, at least once; 7 delivered, 0 failed, 0 dead letters
        next tick in 2 min 45 s, at 14:05:00

      14:01:57 thumbnails: scaled from 0 to 4 because uploads: 20 at 5 each asks for 4
      14:02:14 orders: could not read stream "ORDERS""
    `)
  })

  test('sixty columns: facts take more lines, nothing that a person must read is cut', () => {
    expect(frame(all, { width: 60 })).toMatchInlineSnapshot(`
      "OBJECT                   REPLICAS    BACKLOG  DELIVERED/S
      ScaledObject orders      10                ?            -
        TG_SOURCE_UNREACHABLE: could not read stream "ORDERS" at
        nats://127.0.0.1:4222: connection refused
        → tried again by itself; look at the address and whether
        the server runs
        SourceFailed: orders could not be read; ten replicas stay
        next look in 14 s (pollingInterval 30)
      ScaledObject thumbnails  4 → 16           84            -
        AtMaximum: 17 asked for, maxReplicaCount is 16
        3 of 4 replicas ready
        next look in 12 s (pollingInterval 30)
      Trigger audit            1                 3          3.2
        SteadyState: The count is what the triggers ask for
        next look in 4 s (pollingInterval 5)
        from natsJetstream events.todo.newitem, at least once
        3 in flight of 10 slots
        1,204 delivered, 2 failed, 1 dead letter
        last wake 14:02:07: 131 ms = notice 2 + decide 1 + start
        20 + ready 95 + deliver 13
        last failure 14:01:55: HTTP 500 from
        http://127.0.0.1:41923 (event EVENTS/1187)
      Trigger report           0                 0            -
        Idle: no trigger is active
        next look in 2 s (pollingInterval 5)
        from cron */5 * * * *, at least once
        7 delivered, 0 failed, 0 dead letters
        next tick in 2 min 45 s, at 14:05:00

      14:01:57 thumbnails: scaled from 0 to 4 because uploads: 20
               at 5 each asks for 4
      14:02:14 orders: could not read stream "ORDERS""
    `)
  })

  test('short of lines: rows and what is wrong stay, details go from the bottom', () => {
    expect(frame(all, { height: 14 })).toMatchInlineSnapshot(`
      "OBJECT                   REPLICAS    BACKLOG  DELIVERED/S
      ScaledObject orders      10                ?            -
        TG_SOURCE_UNREACHABLE: could not read stream "ORDERS" at nats://127.0.0.1:4222: connection refused
        → tried again by itself; look at the address and whether the server runs
        SourceFailed: orders could not be read; ten replicas stay; next look in 14 s (pollingInterval 30)
      ScaledObject thumbnails  4 → 16           84            -
        AtMaximum: 17 asked for, maxReplicaCount is 16; 3 of 4 replicas ready
        next look in 12 s (pollingInterval 30)
      Trigger audit            1                 3          3.2
      Trigger report           0                 0            -

      14:01:57 thumbnails: scaled from 0 to 4 because uploads: 20 at 5 each asks for 4
      14:02:14 orders: could not read stream "ORDERS""
    `)
  })

  test('much too short: what is wrong comes first and the rest is counted', () => {
    expect(frame(all, { height: 9 })).toMatchInlineSnapshot(`
      "OBJECT                   REPLICAS    BACKLOG  DELIVERED/S
      ScaledObject orders      10                ?            -
        TG_SOURCE_UNREACHABLE: could not read stream "ORDERS" at nats://127.0.0.1:4222: connection refused
        → tried again by itself; look at the address and whether the server runs
      ScaledObject thumbnails  4 → 16           84            -
        2 more objects: make the window higher, or see /status

      14:01:57 thumbnails: scaled from 0 to 4 because uploads: 20 at 5 each asks for 4
      14:02:14 orders: could not read stream "ORDERS""
    `)
  })

  test('nothing there', () => {
    expect(frame([], { width: 120, events: [] })).toBe('No ScaledObject and no Trigger is there yet: nothing is scaled or delivered.')
  })

  test('problems that belong to no object stand above, the address and the state below', () => {
    const problems = [broken('indent.yaml', 'all mapping items must start at the same column')]
    expect(frame([], { width: 79, problems, about: ['http://127.0.0.1:43113', 'state in ~/.local/state/tidegate/0123456789abcdef'] })).toMatchInlineSnapshot(`
      "indent.yaml:3:2 error TG_CONFIG_SYNTAX all mapping items must start at the same
      column; mend it

      No ScaledObject and no Trigger is there yet: nothing is scaled or delivered.

      14:01:57 thumbnails: scaled from 0 to 4 because uploads: 20 at 5 each asks for
               4
      14:02:14 orders: could not read stream "ORDERS"

      http://127.0.0.1:43113; state in ~/.local/state/tidegate/0123456789abcdef"
    `)
  })

  test('many problems take a third of the window and are counted', () => {
    const problems = Array.from({ length: 9 }, (_, i) => broken(`${i}.yaml`, 'is broken'))
    const text = lines(frame(all, { height: 24, problems }))
    expect(text.filter(line => line.includes('TG_CONFIG_SYNTAX'))).toHaveLength(8)
    expect(text[8]).toBe('1 more problem: see tidegate lint')
  })

  test('an event takes up to three lines, and a path wider than a line loses no letter', () => {
    const path = `/home/somebody/${'long/'.repeat(20)}worker.log`
    const text = frame([orders], { width: 80, events: [{ at: now, type: 'Warning', text: `worker: ended; its output is in ${path}` }] })
    expect(text.replaceAll(/\n {9}/g, '')).toContain(path)
    expect(lines(frame([orders], { width: 80, events: [{ at: now, type: 'Normal', text: 'word '.repeat(100) }] })).at(-1)).toMatch(/^ {9}word .*…$/)
  })

  test.each([20, 40, 60, 61, 79, 120, 200])('no line is wider than %i columns', width => {
    for (const line of lines(frame(all, { width }))) expect(displayWidth(line)).toBeLessThanOrEqual(width)
  })

  test.each([1, 2, 3, 5, 8, 13, 21, 34])('no more than %i lines', height => {
    expect(lines(frame(all, { height })).length).toBeLessThanOrEqual(height)
  })

  test('colours change no character', () => {
    const coloured = frame(all, { colors: true })
    expect(coloured).toContain('\x1b[31m')
    expect(coloured.replaceAll(/\x1b\[\d+m/g, '')).toBe(frame(all))
  })
})

describe('what is told', () => {
  const only = (status: Partial<ObjectStatus>): string => frame([{ ref: thumbnails.ref, conditions: [], ...status }], { events: [] })

  test('the next look is counted down in whole seconds and never below now', () => {
    expect(only({ scaling: scaling({ nextLookAt: now + 11_001 }) })).toContain('next look in 12 s (pollingInterval 30)')
    expect(only({ scaling: scaling({ nextLookAt: now - 5 }) })).toContain('next look now (pollingInterval 30)')
  })

  test('several triggers are told one by one; the column has the one that asks for most', () => {
    const text = only({ scaling: scaling({ readings: [measured('a', 90, 100), measured('b', 8, 2), { kind: 'absent', trigger: 'c', at: now, why: 'no consumer' }] }) })
    expect(text).toContain('a 90 (per replica 100)')
    expect(text).toContain('c nothing yet (no consumer)')
    expect(lines(text)[1]).toMatch(/ 8 +-$/)
  })

  test('an error has its next step, and is told once', () => {
    const text = only({ conditions: orders.conditions, scaling: orders.scaling ?? scaling() })
    expect(text.match(/connection refused/g)).toHaveLength(1)
    expect(text).toContain('→ tried again by itself')
  })

  test('a warning without a code has no invented remedy', () => {
    const text = only({ conditions: [{ type: 'Fallback', status: 'True', reason: 'FallbackActive', message: 'orders failed 4 times' }] })
    expect(text).toContain('FallbackActive: orders failed 4 times')
    expect(text).not.toContain('→')
  })

  test('an inactive target is no trouble', () => {
    expect(only({ conditions: [{ type: 'Active', status: 'False', reason: 'Inactive', message: 'asleep' }] })).not.toContain('asleep')
  })

  test('what a function answers cannot steer the terminal', () => {
    const text = only({ delivery: delivery({ lastFailure: { at: now, because: 'a\x1b[2Jb\r\nc\x07', eventId: '1' } }) })
    expect(text).toContain('ab c (event 1)')
    expect(text).not.toMatch(/[\x00-\x09\x0b-\x1f]/)
  })

  test('names beyond the room end in an ellipsis; the numbers keep their columns', () => {
    const long = { ...thumbnails, ref: { ...thumbnails.ref, namespace: 'media', name: 'thumbnails-of-the-pictures-of-the-whole-year' } }
    const [header = '', row = ''] = lines(frame([long], { width: 60, events: [] }))
    expect(row).toContain('ScaledObject media/thum')
    expect(row).toContain('…')
    expect(row).toHaveLength(header.length)
  })
})
