import { cronProblem } from '../src/plugin/cron-grammar.js'
import { type Clock, type EpochMs, defineScaler, integer, normalizeMetricName, spec, string, type Violation } from '../src/plugin/index.js'
import type { Schedule } from '../src/plugin/schedule.js'

/** Timers cannot be set further ahead than 24 days, and a clock that was set is noticed within this. */
const longestSleepMs = 600_000

const cronText = (summary: string, example: string) => string({ summary, example })

export const cron = defineScaler({
  type: 'cron',
  title: 'Cron window',
  summary: 'Keeps a number of replicas between two times of a schedule.',
  since: '0.1.0',
  stability: 'beta',

  config: spec({
    timezone: string({ summary: 'Time zone of start and end, by its IANA name.', example: 'Europe/Berlin' }),
    start: cronText('When the window opens: minute, hour, day of month, month, day of week (0-6).', '0 8 * * 1-5'),
    end: cronText('When the window closes.', '0 18 * * 1-5'),
    desiredReplicas: integer({ summary: 'Replicas inside the window.', min: 1, example: '10' }),
  }, { checks: [checkWindow] }),

  measure: c => ({
    name: normalizeMetricName(`cron-${c.timezone}-${withoutSigns(c.start)}-${withoutSigns(c.end)}`), target: 1, activation: 0, metricType: 'AverageValue',
  }),

  async open (config, { clock }, measured) {
    const { cronSchedule } = await import('../src/plugin/schedule.js')
    // A zone that is not known is an error of each look, as in KEDA: the object stays, and says why it cannot look.
    const window = (): Window => ({ start: cronSchedule(config.start, config.timezone), end: cronSchedule(config.end, config.timezone) })
    let known: Window | undefined
    return {
      async read () {
        const isOpen = isInside(known ??= window(), clock.now())
        return measured(isOpen ? config.desiredReplicas : 0, { active: isOpen })
      },
      async * watch (signal) {
        const { start } = known ??= window()
        for (let opening = start.next(clock.now()); opening !== undefined && !signal.aborted; opening = start.next(clock.now())) {
          if (await reached(opening, clock, signal)) yield 'ring'
        }
      },
      close: async () => undefined,
    }
  },

  examples: [{
    title: 'Ten replicas in office hours',
    yaml: 'type: cron\nmetadata: {timezone: Europe/Berlin, start: 0 8 * * 1-5, end: 0 18 * * 1-5, desiredReplicas: "10"}',
  }],
})

interface Window { readonly start: Schedule, readonly end: Schedule }

/**
 * KEDA's rule: open unless it opens before it closes. Equal instants count as open; a start that never comes again as before
 * every end, so as open; an end that never comes as closed.
 */
export function isInside ({ start, end }: Window, now: EpochMs): boolean {
  const [opens, closes] = [start.next(now), end.next(now)]
  return closes !== undefined && (opens === undefined || closes <= opens)
}

async function reached (instant: EpochMs, clock: Clock, signal: AbortSignal): Promise<boolean> {
  for (let left = instant - clock.now(); left > 0 && !signal.aborted; left = instant - clock.now()) await clock.sleep(Math.min(left, longestSleepMs), signal)
  return !signal.aborted
}

function checkWindow ({ start, end }: { readonly start: string, readonly end: string }): readonly Violation[] {
  const broken = Object.entries({ start, end }).flatMap(([field, text]) => {
    const problem = cronProblem(text)
    return problem === undefined ? [] : [{ field, message: `"${text}": ${problem}` }]
  })
  return start === end ? [...broken, { field: 'end', message: 'is the same as start: the window would never close' }] : broken
}

/** How KEDA spells a schedule in a metric name. */
function withoutSigns (text: string): string {
  return text.replace(/ /g, '').replace(/\*/g, 'x').replace(/\//g, 'Sl').replace(/\?/g, 'Qm').replace(/,/g, 'Cm')
}
