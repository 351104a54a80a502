import { describe, expect, it } from 'vitest'
import { cronProblem, isTimeZone } from '../../src/plugin/cron-grammar.js'
import { anySchedule, cronSchedule, dueTicks, type CatchUp } from '../../src/plugin/schedule.js'

const at = (text: string): number => Date.parse(text)
const iso = (tick: number | undefined): string | undefined => tick === undefined ? undefined : new Date(tick).toISOString().replace('.000', '')
const minute = 60_000

function ticks (text: string, zone: string, from: string, count: number): (string | undefined)[] {
  const schedule = cronSchedule(text, zone, { descriptors: true, seconds: true })
  const found: (string | undefined)[] = []
  for (let tick: number | undefined = at(from); tick !== undefined && found.length < count;) found.push(iso(tick = schedule.next(tick)))
  return found
}

describe('the grammar', () => {
  it.each(['*/5 * * * *', '0 8 * JAN-mar Mon', '5/15 * * * *', '0 0 ? * sun-tue', 'TZ=Asia/Tokyo 30 4 * * *', 'CRON_TZ=UTC 0 0 1,15 * *', '0  0 * * *'])(
    'takes %s', text => { expect(cronProblem(text)).toBeUndefined() })

  it.each([
    ['0 8 * * 7', 'day of week 7 is above 6'],
    ['0 8 * *', 'has 4 fields, not 5'],
    ['0 0 8 * * *', 'has 6 fields, not 5'],
    ['-30 * * * *', 'minute "-30" is no number, range or step'],
    ['60 * * * *', 'minute 60 is above 59'],
    ['0 0 0 * *', 'day of month 0 is below 1'],
    ['5-1 * * * *', 'minute "5-1" runs backwards'],
    ['*/0 * * * *', 'step of minute "*/0" must be at least 1'],
    ['1-2-3 * * * *', 'minute "1-2-3" is no number, range or step'],
    ['1/2/3 * * * *', 'minute "1/2/3" is no number, range or step'],
    ['0 0 L * *', 'day of month "L" is no whole number'],
    ['0 0 * * 5#2', 'day of week "5#2" is no whole number'],
    [', * * * *', 'minute "," is empty'],
    ['@daily', '@daily cannot be used here: five fields are needed'],
    ['TZ=Mars/Olympus 0 0 * * *', 'time zone Mars/Olympus is not known'],
  ])('refuses %s: %s', (text, problem) => { expect(cronProblem(text)).toBe(problem) })

  it('takes seconds and descriptors where they are allowed', () => {
    for (const text of ['*/2 * * * * *', '@hourly', '@every 90s', '@midnight']) expect(cronProblem(text, { seconds: true, descriptors: true })).toBeUndefined()
    expect(cronProblem('@every soon', { descriptors: true })).toBe('@every needs a duration such as 90s or 1h30m, not "soon"')
    expect(cronProblem('@never', { descriptors: true })).toContain('@never is none of')
  })

  it('knows time zones', () => {
    expect([isTimeZone('Etc/UTC'), isTimeZone('America/New_York'), isTimeZone('Mars/Olympus'), isTimeZone('')]).toEqual([true, true, false, false])
  })
})

describe('ticks', () => {
  it('are strictly later and on whole seconds', () => {
    const each = cronSchedule('* * * * *', 'UTC')
    expect(iso(each.next(at('2026-01-01T00:00:00Z')))).toBe('2026-01-01T00:01:00Z')
    expect(iso(each.next(at('2025-12-31T23:59:59.500Z')))).toBe('2026-01-01T00:00:00Z')
    expect(iso(each.previous(at('2026-01-01T00:00:00Z')))).toBe('2025-12-31T23:59:00Z')
    expect(iso(each.previous(at('2026-01-01T00:00:00.001Z')))).toBe('2026-01-01T00:00:00Z')
    expect(iso(each.previous(at('2026-01-01T00:00:00.500Z')))).toBe('2026-01-01T00:00:00Z')
  })

  it('take either day where both are restricted, both where one is a star', () => {
    expect(ticks('0 0 13 * 5', 'UTC', '2024-05-09T00:00:00Z', 3)).toEqual(['2024-05-10T00:00:00Z', '2024-05-13T00:00:00Z', '2024-05-17T00:00:00Z'])
    expect(ticks('0 0 *,13 * 5', 'UTC', '2024-05-09T00:00:00Z', 2)).toEqual(['2024-05-10T00:00:00Z', '2024-05-17T00:00:00Z'])
    expect(ticks('0 0 */1 * 5', 'UTC', '2024-05-09T00:00:00Z', 2)).toEqual(['2024-05-10T00:00:00Z', '2024-05-17T00:00:00Z'])
    expect(ticks('0 0 1-31 * 5', 'UTC', '2024-05-09T00:00:00Z', 2)).toEqual(['2024-05-10T00:00:00Z', '2024-05-11T00:00:00Z'])
    expect(ticks('0 0 */10 * 5', 'UTC', '2024-05-09T00:00:00Z', 4), 'a star with a step is a restriction')
      .toEqual(['2024-05-10T00:00:00Z', '2024-05-11T00:00:00Z', '2024-05-17T00:00:00Z', '2024-05-21T00:00:00Z'])
  })

  it.each([
    ['30 2 * * *', '2026-03-07T12:00:00Z', ['2026-03-09T06:30:00Z']],
    ['30 1 * * *', '2026-03-07T12:00:00Z', ['2026-03-08T06:30:00Z', '2026-03-09T05:30:00Z']],
    ['0 * * * *', '2026-03-08T05:30:00Z', ['2026-03-08T06:00:00Z', '2026-03-08T07:00:00Z']],
    ['*/15 1-2 * * *', '2026-03-08T05:30:00Z', ['2026-03-08T06:00:00Z', '2026-03-08T06:15:00Z', '2026-03-08T06:30:00Z', '2026-03-08T06:45:00Z', '2026-03-09T05:00:00Z']],
    ['30 2 * * *', '2026-10-31T12:00:00Z', ['2026-11-01T07:30:00Z', '2026-11-02T07:30:00Z']],
    ['30 1 * * *', '2026-10-31T12:00:00Z', ['2026-11-01T05:30:00Z', '2026-11-01T06:30:00Z', '2026-11-02T06:30:00Z']],
    ['0 * * * *', '2026-11-01T04:30:00Z', ['2026-11-01T05:00:00Z', '2026-11-01T06:00:00Z', '2026-11-01T07:00:00Z']],
  ])('%s in New York after %s, when clocks change', (text, from, expected) => {
    expect(ticks(text, 'America/New_York', from, expected.length)).toEqual(expected)
  })

  it('come from the zone in the text before that of the field', () => {
    expect(ticks('TZ=Asia/Tokyo 30 4 * * *', 'America/New_York', '2026-01-01T00:00:00Z', 1)).toEqual(['2026-01-01T19:30:00Z'])
  })

  it('never come for 30 February, nor more than five years ahead', () => {
    const never = cronSchedule('0 0 30 2 *', 'UTC')
    expect([never.next(at('2026-01-01T00:00:00Z')), never.previous(at('2026-01-01T00:00:00Z'))]).toEqual([undefined, undefined])
    expect(iso(cronSchedule('0 0 29 2 *', 'UTC').next(at('2024-03-01T00:00:00Z')))).toBe('2028-02-29T00:00:00Z')
    expect(cronSchedule('0 0 29 2 *', 'UTC').next(at('2096-03-01T00:00:00Z'))).toBeUndefined()
  })

  it('follow the instant asked from for @every', () => {
    expect(ticks('@every 90s', 'UTC', '2026-01-01T00:00:07.900Z', 2)).toEqual(['2026-01-01T00:01:37Z', '2026-01-01T00:03:07Z'])
    expect(ticks('@every 10ms', 'UTC', '2026-01-01T00:00:00Z', 1), 'at least a second').toEqual(['2026-01-01T00:00:01Z'])
  })

  it('of several schedules are one where they coincide', () => {
    const both = anySchedule([cronSchedule('0 * * * *', 'UTC'), cronSchedule('*/30 * * * *', 'UTC')])
    expect(iso(both.next(at('2026-01-01T00:30:00Z')))).toBe('2026-01-01T01:00:00Z')
    expect(iso(both.next(at('2026-01-01T01:00:00Z')))).toBe('2026-01-01T01:30:00Z')
    expect(iso(both.previous(at('2026-01-01T01:00:00Z')))).toBe('2026-01-01T00:30:00Z')
  })

  it('refuse a zone that is not known', () => {
    expect(() => cronSchedule('0 0 * * *', 'Mars/Olympus')).toThrow('unable to load timezone Mars/Olympus')
  })
})

describe('what is due', () => {
  const hourly = cronSchedule('0 * * * *', 'UTC')
  const rule = (missedRuns: CatchUp['missedRuns'], startingDeadlineMs = 600_000): CatchUp => ({ missedRuns, startingDeadlineMs })
  const due = (since: string, now: string, how: CatchUp, schedule = hourly): (string | undefined)[] => dueTicks(schedule, at(since), at(now), how).map(iso)

  it('is nothing before the first tick, and the tick from its own instant on', () => {
    expect(due('2026-01-01T00:00:00Z', '2026-01-01T00:59:59.999Z', rule('Last'))).toEqual([])
    for (const how of ['Skip', 'Last', 'All'] as const) expect(due('2026-01-01T00:00:00Z', '2026-01-01T01:00:00Z', rule(how))).toEqual(['2026-01-01T01:00:00Z'])
    expect(due('2026-01-01T01:00:00Z', '2026-01-01T01:00:00.500Z', rule('Last')), 'not again').toEqual([])
  })

  it('after a night asleep is nothing, the last or all', () => {
    const [since, now] = ['2026-01-01T00:00:00Z', '2026-01-01T05:01:00Z']
    const wide = 24 * 60 * minute
    expect(due(since, now, rule('Skip', wide))).toEqual([])
    expect(due(since, now, rule('Last', wide))).toEqual(['2026-01-01T05:00:00Z'])
    expect(due(since, now, rule('All', wide))).toEqual([1, 2, 3, 4, 5].map(h => `2026-01-01T0${h}:00:00Z`))
  })

  it('leaves out what is past the deadline', () => {
    expect(due('2026-01-01T00:00:00Z', '2026-01-01T01:10:00Z', rule('Last'))).toEqual(['2026-01-01T01:00:00Z'])
    expect(due('2026-01-01T00:00:00Z', '2026-01-01T01:10:01Z', rule('Last'))).toEqual([])
    expect(due('2026-01-01T00:00:00Z', '2026-01-01T05:01:00Z', rule('All', 65 * minute))).toEqual(['2026-01-01T04:00:00Z', '2026-01-01T05:00:00Z'])
  })

  it('is every tick that was seen in time, whatever becomes of those that were not', () => {
    const each = cronSchedule('@every 1s', 'UTC', { descriptors: true })
    const stalled = ['2026-01-01T00:00:01Z', '2026-01-01T00:00:02Z', '2026-01-01T00:00:03Z']
    for (const how of ['Skip', 'Last', 'All'] as const) expect(due('2026-01-01T00:00:00Z', '2026-01-01T00:00:03.200Z', rule(how), each), how).toEqual(stalled)
    const [asleep, awake] = ['2026-01-01T00:00:00Z', '2026-01-01T01:00:00.500Z']
    for (const how of ['Skip', 'Last'] as const) expect(due(asleep, awake, rule(how), each).map(tick => tick?.slice(14)), how).toEqual(['59:51Z', '59:52Z', '59:53Z', '59:54Z', '59:55Z', '59:56Z', '59:57Z', '59:58Z', '59:59Z', '00:00Z'])
    expect(due(asleep, awake, rule('All', 2000), each), 'the deadline goes before').toHaveLength(2)
    expect(due(asleep, awake, rule('Last', 2000), each), 'the deadline goes before').toHaveLength(2)
  })

  it('forgives a late timer under Skip', () => {
    expect(due('2026-01-01T00:00:00Z', '2026-01-01T01:00:09Z', rule('Skip'))).toEqual(['2026-01-01T01:00:00Z'])
    expect(due('2026-01-01T00:00:00Z', '2026-01-01T01:00:11Z', rule('Skip'))).toEqual([])
  })

  it('counts @every from the last tick decided on', () => {
    const every = cronSchedule('@every 7m', 'UTC', { descriptors: true })
    const wide = 24 * 60 * minute
    expect(due('2026-01-01T00:00:03Z', '2026-01-01T00:07:02Z', rule('All'), every)).toEqual([])
    expect(due('2026-01-01T00:00:03Z', '2026-01-01T00:21:03Z', rule('All', wide), every)).toEqual(['2026-01-01T00:07:03Z', '2026-01-01T00:14:03Z', '2026-01-01T00:21:03Z'])
    expect(due('2026-01-01T00:00:03Z', '2026-01-01T00:27:00Z', rule('Last', wide), every)).toEqual(['2026-01-01T00:21:03Z'])
    expect(due('2026-01-01T00:00:03Z', '2026-01-01T00:27:00Z', rule('All', 7 * minute), every), 'the deadline does not move the grid').toEqual(['2026-01-01T00:21:03Z'])
  })
})
