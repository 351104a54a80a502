import { Cron } from 'croner'
import type { EpochMs } from '../core/clock.js'
import { TidegateError } from '../core/errors.js'
import { isTimeZone, isUtc, parseCron, type CronDialect, type CronFields, type DayField } from './cron-grammar.js'

/** When something is to happen. Pure on given instants; ticks are whole seconds. */
export interface Schedule {
  /** The first tick strictly after the instant; undefined: none within five years, which counts as never. */
  next(after: EpochMs): EpochMs | undefined
  /** The last tick strictly before the instant; undefined: none. */
  previous(before: EpochMs): EpochMs | undefined
  /** Set for `@every`: the ticks have no place of their own on the clock, they follow the instant asked from. */
  readonly everyMs?: number
}

/**
 * The schedule that a cron text means in a zone, by the rules of robfig/cron v3: a time that daylight saving skips does not
 * happen, one that it repeats happens twice. Throws TG_CONFIG_INVALID for a text that is none or a zone that is not known.
 */
export function cronSchedule (text: string, timeZone: string, dialect: CronDialect = {}): Schedule {
  const parsed = parseCron(text, dialect)
  if (!parsed.ok) throw new TidegateError('TG_CONFIG_INVALID', `cron schedule "${text}": ${parsed.problem}`)
  const { expression } = parsed
  return expression.kind === 'every' ? every(expression.everyMs) : fromFields(expression.fields, expression.timeZone ?? timeZone)
}

/** Ticks whenever one of the schedules does; two at one instant are one tick. */
export function anySchedule (schedules: readonly Schedule[]): Schedule {
  const [only] = schedules
  if (only !== undefined && schedules.length === 1) return only
  const known = (ticks: readonly (EpochMs | undefined)[]): EpochMs[] => ticks.filter(tick => tick !== undefined)
  return {
    next: after => known(schedules.map(s => s.next(after))).sort((a, b) => a - b)[0],
    previous: before => known(schedules.map(s => s.previous(before))).sort((a, b) => b - a)[0],
  }
}

/** What becomes of ticks that nobody saw in time. */
export interface CatchUp {
  /** `Skip`: they are gone. `Last`: the newest is made up for, unless one that is in time takes its place. `All`: each is. */
  readonly missedRuns: 'Skip' | 'Last' | 'All'
  /** A tick older than this is gone whatever `missedRuns` says. */
  readonly startingDeadlineMs: number
}

/** How late a tick may be noticed and still count as seen in time: a process that stalls misses no run, a night asleep does. */
export const onTimeMs = 10_000

/**
 * The ticks after `since`, up to and including `now`, that are to be delivered, oldest first. `since` is the last tick that was
 * decided on, or the instant of the first start; `@every` counts from it.
 */
export function dueTicks (schedule: Schedule, since: EpochMs, now: EpochMs, { missedRuns, startingDeadlineMs }: CatchUp): readonly EpochMs[] {
  const grid = gridOf(schedule, since)
  const from = (oldest: EpochMs): EpochMs[] => {
    const due: EpochMs[] = []
    for (let tick = grid.next(Math.max(since, oldest - 1)); tick !== undefined && tick <= now; tick = grid.next(tick)) due.push(tick)
    return due
  }
  if (missedRuns === 'All') return from(now - startingDeadlineMs)
  const inTime = from(now - Math.min(onTimeMs, startingDeadlineMs))
  if (missedRuns === 'Skip' || inTime.length > 0) return inTime
  const last = grid.previous(Math.floor(now) + 1)
  return last !== undefined && last > since && last >= now - startingDeadlineMs ? [last] : []
}

/** The first tick after the instant; `@every` counts from `since`. */
export function nextTick (schedule: Schedule, since: EpochMs, after: EpochMs): EpochMs | undefined {
  return gridOf(schedule, since).next(after)
}

const gridOf = (schedule: Schedule, since: EpochMs): Schedule => schedule.everyMs === undefined ? schedule : everyFrom(since, schedule.everyMs)
const wholeSecond = (instant: EpochMs): EpochMs => Math.floor(instant / 1000) * 1000

function every (everyMs: number): Schedule {
  return { everyMs, next: after => wholeSecond(after) + everyMs, previous: before => wholeSecond(before + 999) - everyMs }
}

function everyFrom (anchor: EpochMs, everyMs: number): Schedule {
  const start = wholeSecond(anchor)
  return {
    next: after => start + Math.max(1, Math.floor((after - start) / everyMs) + 1) * everyMs,
    previous: before => before <= start + everyMs ? undefined : start + (Math.ceil((before - start) / everyMs) - 1) * everyMs,
  }
}

function fromFields (fields: CronFields, timeZone: string): Schedule {
  const cron = spelledOut(fields, timeZone)
  return {
    next (after) {
      const tick = cron.nextRun(new Date(after))
      return tick === null || tick.getUTCFullYear() > new Date(after).getUTCFullYear() + 5 ? undefined : tick.getTime()
    },
    previous (before) {
      // croner looks from whole seconds: from .500 it would miss the tick at .000 of the same second
      const [tick] = cron.previousRuns(1, new Date(wholeSecond(before + 999)))
      return tick?.getTime()
    },
  }
}

/**
 * croner tells jobs "at a fixed time" (which it moves out of a skipped hour, and runs once in a repeated one) from all others by a
 * single hour without a step. The step of 1 on the first hour changes no value and makes every expression one of the others, whose
 * rules are robfig's.
 */
function spelledOut ({ second, minute, hour, dayOfMonth, month, dayOfWeek }: CronFields, timeZone: string): Cron {
  const [first = 0, ...later] = hour
  const hours = [`${first}-${first}/1`, ...later].join(',')
  const day = ({ values, isStar }: DayField): string => isStar ? '*' : values.join(',')
  if (!isTimeZone(timeZone)) throw new TidegateError('TG_CONFIG_INVALID', `unable to load timezone ${timeZone}`, { hint: 'use a name such as Europe/Berlin or Etc/UTC' })
  const pattern = [second.join(','), minute.join(','), hours, day(dayOfMonth), month.join(','), day(dayOfWeek)].join(' ')
  // By its offset UTC needs no Intl, whose first use costs 20 ms of a start.
  return new Cron(pattern, { ...(isUtc(timeZone) ? { utcOffset: 0 } : { timezone: timeZone }), mode: '6-part', paused: true })
}
