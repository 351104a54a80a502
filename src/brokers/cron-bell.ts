import type { Clock, EpochMs, Kit } from '../plugin/index.js'

export interface CronBell {
  /** Seconds of a minute in which something may be due; undefined: the schedule has no place on the clock. */
  readonly seconds: readonly number[] | undefined
  readonly next: () => EpochMs | undefined
  readonly fire: () => void
}

/** Timers cannot be set further ahead than 24 days, and a clock that was set is noticed within this. */
const longestSleepMs = 600_000

/**
 * Calls `fire` whenever something may be due; what is due, the schedule says. node-cron only keeps the time: it is asked for every
 * minute in UTC, because with the expression and its zone it would lose the repeated hour of daylight saving, and days given both
 * ways. The function returned ends it.
 */
export async function ringOn ({ seconds, next, fire }: CronBell, { clock, log }: Kit): Promise<() => void> {
  if (seconds === undefined) return chain(clock, next, fire)
  const { default: cron } = await import('node-cron')
  let stopEarly: () => void = () => undefined
  const quiet = (message: string | Error): void => log.debug({ detail: String(message) }, 'node-cron')
  const task = cron.schedule(`${seconds.join(',')} * * * * *`, () => {
    stopEarly()
    fire()
    // A timer may be a millisecond early; the tick would wait for the next minute.
    const soon = (next() ?? Infinity) - clock.now()
    if (soon <= 1000) stopEarly = clock.after(Math.max(1, soon), fire)
  }, { timezone: 'Etc/UTC', suppressMissedWarning: true, logger: { debug: quiet, info: quiet, warn: quiet, error: quiet } })
  return () => {
    stopEarly()
    void task.destroy()
  }
}

function chain (clock: Clock, next: () => EpochMs | undefined, fire: () => void): () => void {
  let cancel: () => void = () => undefined
  const arm = (): void => {
    const left = (next() ?? Infinity) - clock.now()
    cancel = clock.after(Math.min(Math.max(1, left), longestSleepMs), () => { fire(); arm() })
  }
  arm()
  return () => cancel()
}
