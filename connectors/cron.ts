import { receiveTicks } from '../src/brokers/cron-ticks.js'
import { TickLedger } from '../src/brokers/tick-ledger.js'
import { cronProblem, isTimeZone, parseCron } from '../src/plugin/cron-grammar.js'
import { any, defineConnector, duration, formatDuration, integer, list, names, object, oneOf, spec, string, TidegateError, type EpochMs, type Kit, type Violation } from '../src/plugin/index.js'

const dialect = { seconds: true, descriptors: true }
const later = (summary: string) => any({ summary, optional: true, notBuilt: 'leave it out' })

/** When, as written: one of the first three is given. */
interface Times {
  readonly schedule: string | undefined
  readonly schedules: readonly string[] | undefined
  readonly every: number | undefined
  readonly timeZone: string
}
interface Payload { readonly json: unknown, readonly text: string | undefined, readonly base64: string | undefined }

const config = spec({
  schedule: string({ summary: 'Cron expression of five fields, six with seconds first, or @hourly, @daily and the like.', optional: true, example: '*/5 * * * *' }),
  schedules: list(string({ summary: 'Cron expression.' }), { summary: 'Several expressions; two that coincide make one event.', optional: true, minItems: 1 }),
  every: duration({ summary: 'Time from one event to the next, whole seconds, counted from the first start.', optional: true, min: '1s' }),
  timeZone: string({ summary: 'Time zone of the schedule, by its IANA name.', default: 'Etc/UTC' }),
  payload: object({
    json: any({ summary: 'Any YAML value, sent as JSON.', optional: true }),
    text: string({ summary: 'Text, sent as it is.', optional: true }),
    base64: string({ summary: 'Bytes, written in base64.', optional: true }),
  }, { summary: 'Body of every event: one of json, text, base64.', default: {}, checks: [checkPayload] }),
  missedRuns: oneOf(['Skip', 'Last', 'All'], { summary: 'What becomes of events that were due while nobody looked: Skip, make up for the Last, or for All.', default: 'Last' }),
  startingDeadlineSeconds: integer({ summary: 'An event that could not begin this long after its time is given up.', default: 600, min: 1, max: 31_536_000 }),
  concurrencyPolicy: oneOf(['Allow', 'Forbid'], { summary: 'Whether an event may begin while the one before is not done. Forbid with missedRuns All is a queue.', default: 'Allow' }),
  start: later('First instant of the schedule.'),
  end: later('Last instant of the schedule.'),
  maxRuns: later('Most events ever.'),
  spread: later('Longest random delay.'),
  dst: later('What daylight saving does: a skipped time does not happen, a repeated one happens twice.'),
}, { checks: [checkSchedule, checkZone] })

export const cron = defineConnector({
  type: 'cron',
  sourceKey: 'cron',
  title: 'Schedule',
  summary: 'Makes an event whenever a schedule is due.',
  since: '0.1.0',
  stability: 'beta',
  needs: ['state'],
  guarantees: { delivery: 'at-least-once', redelivery: 'broker', delayedRetry: false, order: 'none' },
  config,

  async open (c, kit) {
    if (kit.state === undefined) throw new TidegateError('TG_INTERNAL', 'the cron connector was opened without a place for its state')
    const { anySchedule, cronSchedule, nextTick } = await import('../src/plugin/schedule.js')
    const texts = textsOf(c)
    const schedule = anySchedule(texts.map(text => cronSchedule(text, c.timeZone, dialect)))
    const ledger = await TickLedger.open(kit.state, [...texts, c.timeZone].join('; '), kit.clock.now())
    const seconds = schedule.everyMs === undefined ? texts.flatMap(secondsOf) : undefined
    const source = receiveTicks({
      schedule, ledger, seconds, isOneAtATime: c.concurrencyPolicy === 'Forbid',
      catchUp: { missedRuns: c.missedRuns, startingDeadlineMs: c.startingDeadlineSeconds * 1000 },
      toEvent: eventMaker(c, kit),
    }, kit)
    return {
      receive: (signal, capacity) => source(signal, capacity),
      backlog: async () => ledger.claimed.length,
      nextAt: () => nextTick(schedule, ledger.upTo, kit.clock.now()),
      close: async () => undefined,
    }
  },

  examples: [
    { title: 'Every five minutes', yaml: 'schedule: "*/5 * * * *"' },
    { title: 'A report on workdays, Berlin time', yaml: 'schedule: 0 7 * * 1-5\ntimeZone: Europe/Berlin\npayload: {json: {report: daily}}' },
    { title: 'Every fifteen seconds, one at a time', yaml: 'every: 15s\nconcurrencyPolicy: Forbid' },
  ],
})

const textsOf = ({ schedule, schedules, every }: Times): readonly string[] =>
  every !== undefined ? [`@every ${formatDuration(every)}`] : schedules ?? (schedule === undefined ? [] : [schedule])

function secondsOf (text: string): readonly number[] {
  const parsed = parseCron(text, dialect)
  return parsed.ok && parsed.expression.kind === 'fields' ? parsed.expression.fields.second : []
}

function eventMaker (c: Times & { readonly payload: Payload }, { owner, clock }: Kit): Parameters<typeof receiveTicks>[0]['toEvent'] {
  const { data, contentType } = bodyOf(c.payload)
  const rfc3339 = (instant: EpochMs): string => new Date(instant).toISOString()
  return (tick, isCatchUp) => ({
    // The same on every replica and for every repeat: the function can tell repeats by it.
    id: `${owner.uid}/${tick / 1000}`,
    source: `/namespaces/${owner.namespace}/triggers/${owner.name}`,
    type: `${names.eventTypePrefix}.cron.fired.v1`,
    subject: textsOf(c).join(', '),
    time: rfc3339(tick),
    contentType,
    data,
    extensions: { scheduledtime: rfc3339(tick), recordedtime: rfc3339(clock.now()), catchup: String(isCatchUp) },
  })
}

function bodyOf ({ json, text, base64 }: Payload): { readonly data: Uint8Array, readonly contentType: string } {
  if (json !== undefined) return { data: Buffer.from(JSON.stringify(json)), contentType: 'application/json' }
  if (base64 !== undefined) return { data: Buffer.from(base64, 'base64'), contentType: 'application/octet-stream' }
  // Of an empty body, text is what every HTTP framework takes: an empty JSON is refused by some.
  return { data: Buffer.from(text ?? ''), contentType: 'text/plain; charset=utf-8' }
}

function checkPayload ({ json, text, base64 }: Payload): readonly Violation[] {
  if ([json, text, base64].filter(one => one !== undefined).length > 1) return [{ field: '', message: 'holds more than one of json, text, base64' }]
  return base64 === undefined || /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64) ? [] : [{ field: 'base64', message: 'is not base64' }]
}

function checkSchedule (c: Times): readonly Violation[] {
  const given = [c.schedule, c.schedules, c.every].filter(one => one !== undefined)
  if (given.length !== 1) return [{ field: 'schedule', message: given.length === 0 ? 'is required' : 'excludes schedules and every', hint: 'give one of schedule, schedules, every' }]
  return textsOf(c).flatMap(text => {
    const field = c.schedules === undefined ? 'schedule' : 'schedules'
    const problem = c.schedules !== undefined && text.includes('@every') ? '@every cannot be one of several' : cronProblem(text, dialect)
    return problem === undefined ? [] : [{ field, message: `"${text}": ${problem}` }]
  })
}

function checkZone ({ timeZone }: Times): readonly Violation[] {
  return isTimeZone(timeZone) ? [] : [{ field: 'timeZone', message: `${timeZone} is no time zone that this machine knows`, hint: 'use a name such as Europe/Berlin or Etc/UTC' }]
}
