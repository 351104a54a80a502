import { filterViolations } from '../core/delivery/filter-spec.js'
import { any, boolean, duration, integer, list, map, object, oneOf, type Violation } from '../spec/index.js'

const later = (summary: string, notBuilt: string) => any({ summary, optional: true, notBuilt })

const retryField = object({
  attempts: integer({ summary: 'Most calls of one event.', default: 5, min: 1 }),
  backoff: oneOf(['Exponential', 'Linear', 'Constant'], { summary: 'How the pause grows.', default: 'Exponential' }),
  initial: duration({ summary: 'First pause.', default: '1s', min: '1ms' }),
  max: duration({ summary: 'Longest pause.', default: '5m', min: '1ms' }),
  jitter: oneOf(['Full', 'Equal', 'None'], { summary: 'How much of the pause is chance.', default: 'Full' }),
  on: later('Which answers are tried again.', 'remove it: 408, 425, 429, 5xx, faults of the endpoint, lost connections and timeouts are'),
  wait: later('Where an event waits.', 'remove it: it waits in its source'),
  topic: later('Topic that an event waits in.', 'remove it'),
}, { summary: 'How a failed call is tried again.', default: {} })

export const deliveryField = object({
  timeout: duration({ summary: 'Longest wait for an answer.', default: '60s', min: '1ms' }),
  coldStartTimeout: duration({ summary: 'Longest wait for a function that starts from zero; costs no attempt.', default: '5m', min: '1s' }),
  retry: retryField,
  retryAfter: object({
    mode: oneOf(['Honor', 'Ignore'], { summary: 'Whether Retry-After is obeyed.', default: 'Honor' }),
    max: duration({ summary: 'Longest obeyed pause.', default: '10m' }),
  }, { summary: 'What a Retry-After header does.', default: {} }),
  onExhausted: oneOf(['DeadLetter', 'Hold', 'Drop'], { summary: 'What becomes of an event that is given up; DeadLetter where there is a place for it, else Hold; core NATS: Drop.', optional: true }),
  on410: oneOf(['Exhaust', 'Suspend'], { summary: 'What a 410 does.', default: 'Exhaust' }),
  maxAge: later('Oldest event that is delivered.', 'remove it'),
}, { summary: 'Deadlines, retries, and what happens when they are used up.', default: {} })

const destination = map(any({ summary: 'Values of the destination.' }), { summary: 'Exactly one destination: the same keys as `source`.' })

export const deadLetterField = object({
  to: destination,
  format: later('Form of a dead letter.', 'remove it: the event is stored as it came'),
  maxBodySnippet: later('How much of the answer is kept.', 'remove it'),
}, { summary: 'Where events go that are given up.', optional: true })

export const circuitBreakerField = object({
  mode: oneOf(['Auto', 'Off'], { summary: 'Whether a function that only fails is left alone.', default: 'Auto' }),
  failures: integer({ summary: 'Events given up in a row, without a success, that open the circuit.', default: 10, min: 1 }),
  openFor: duration({ summary: 'First pause before a probe.', default: '5s', min: '1s' }),
  window: later('Time in which failures count.', 'remove it: failures in a row are counted'),
  probes: later('Probes at a time.', 'remove it: one probe at a time is made'),
}, { summary: 'Holds the Trigger instead of emptying the source into dead letters.', default: {} })

export const concurrencyField = object({
  max: integer({ summary: 'Most events in flight.', default: 100, min: 1 }),
  perReplica: integer({ summary: 'Most events in flight at one replica.', default: 10, min: 1 }),
  perKey: later('Most events of one key in flight.', 'remove it'),
  adaptive: boolean({ summary: 'Finds perReplica by itself.', optional: true, notBuilt: 'set perReplica' }),
}, { summary: 'How many events are delivered at once.', default: {} })

/** `core/delivery/filter-spec.ts` says what a filter is. */
export const filterField = list(any({ summary: 'One filter.' }),
  { summary: 'Which events are delivered: all must match; the others are acked and counted. Each is one of exact, prefix, suffix (attribute: text), all, any (list of filters), not (filter).', default: [] })

export function filterRules ({ filter }: { readonly filter: readonly unknown[] }): Violation[] {
  return filterViolations(filter).map(({ path, message }) => ({ field: 'filter', below: path, code: 'TG_CONFIG_INVALID', message }))
}
