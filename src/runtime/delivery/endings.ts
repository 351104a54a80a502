import { assertNever } from '../../core/assert-never.js'
import type { DeliveryPolicy, Disposition, Envelope, ExhaustedReason } from '../../core/delivery/types.js'
import { errorMessage } from '../../core/errors.js'
import type { Delivery, Settlement } from '../../plugin/connector.js'
import type { Clock, Counter, Log } from '../ports.js'
import type { EndingEvents } from './ending-events.js'
import type { Ending } from './steps.js'

/** Stores an event durably somewhere else. Resolves when it is stored. */
export type DeadLetterStore = (event: Envelope, why: { reason: ExhaustedReason, because: string }) => Promise<void>

export interface EndingParts {
  readonly policy: DeliveryPolicy
  /** Undefined: there is no place for dead letters, and what is exhausted is held. */
  readonly deadLetter: DeadLetterStore | undefined
  readonly clock: Clock
  readonly log: Log
  readonly events: Pick<EndingEvents, 'warn'>
  readonly settled: (disposition: Ending['kind']) => Counter
  readonly deadLetters: (reason: ExhaustedReason) => Counter
  readonly lost: Counter
  /** The source hands out again what is not acked; else everything but success is a loss, and is counted as one. */
  readonly keeps: boolean
}

/**
 * Brings an ending about: the only place that settles. A position moves only after success, a filter's no, a stored dead letter,
 * or an explicit Drop.
 */
export function bringAbout (parts: EndingParts): (delivery: Delivery, ending: Ending) => void | Promise<void> {
  const { policy, settled } = parts
  return (delivery, ending) => {
    settled(ending.kind).inc()
    switch (ending.kind) {
      case 'ack':
      case 'filtered': return delivery.settle({ kind: 'ack' })
      case 'release': return giveBack(delivery, 'it could not be delivered before the end', { kind: 'release' }, parts)
      case 'suspend': return giveBack(delivery, ending.because, { kind: 'release' }, parts)
      case 'retry':
      case 'hold':
        if (ending.kind === 'hold') held(delivery, ending.because, parts)
        return wouldVanish(delivery, ending.afterMs, parts) ? beforeItVanishes(delivery, ending, parts) : giveBack(delivery, ending.because, { kind: 'retry', afterMs: ending.afterMs }, parts)
      case 'drop': return lose(delivery, ending.because, parts)
      case 'deadLetter': return storeThenAck(delivery, ending, parts, { kind: 'retry', afterMs: policy.retry.maxMs })
      default: return assertNever(ending)
    }
  }
}

/** It stays with its source: nobody gave it up, and nobody has done its work. */
function held (delivery: Delivery, because: string, { keeps, events }: EndingParts): void {
  if (keeps) events.warn('EventHeld', `event ${delivery.event.id} is held and tried again: ${because}`)
}

/** Its source forgets the event before it would be tried again. */
const wouldVanish = ({ expiresAt }: Delivery, afterMs: number, { clock }: EndingParts): boolean => expiresAt !== undefined && clock.now() + 2 * afterMs >= expiresAt

/** An event that nears its expiry becomes a dead letter where there is a place for it, and is alarmed about where there is none. */
function beforeItVanishes (delivery: Delivery, { because, afterMs }: Disposition & { kind: 'retry' | 'hold' }, parts: EndingParts): void | Promise<void> {
  if (parts.deadLetter !== undefined) return storeThenAck(delivery, { kind: 'deadLetter', reason: 'expired', because: `its source forgets it soon; ${because}` }, parts, { kind: 'retry', afterMs })
  parts.events.warn('EventExpires', `event ${delivery.event.id} is forgotten by its source at ${new Date(delivery.expiresAt ?? 0).toISOString()} and could not be delivered: ${because}; name a place for dead letters, or mend the function before`)
  return giveBack(delivery, because, { kind: 'retry', afterMs }, parts)
}

function giveBack (delivery: Delivery, because: string, settlement: Settlement, parts: EndingParts): void | Promise<void> {
  return parts.keeps ? delivery.settle(settlement) : lose(delivery, because, parts)
}

function lose (delivery: Delivery, because: string, { lost, log, events }: EndingParts): void | Promise<void> {
  lost.inc()
  events.warn('EventLost', `event ${delivery.event.id} is lost: ${because}`)
  log.warn({ eventId: delivery.event.id, because }, 'event lost')
  return delivery.settle({ kind: 'ack' })
}

/** A dead letter is stored first, then acked; one that cannot be stored stays where it is. */
async function storeThenAck (delivery: Delivery, ending: Disposition & { kind: 'deadLetter' }, parts: EndingParts, keep: Settlement): Promise<void> {
  const { deadLetter, deadLetters, events, log } = parts
  if (deadLetter === undefined) {
    held(delivery, ending.because, parts)
    return giveBack(delivery, ending.because, keep, parts)
  }
  try {
    await deadLetter(delivery.event, ending)
  } catch (error) {
    log.warn({ eventId: delivery.event.id, err: errorMessage(error) }, 'a dead letter could not be stored')
    events.warn('DeadLetterFailed', `event ${delivery.event.id} could not be stored as a dead letter: ${errorMessage(error)}`)
    return giveBack(delivery, 'its dead letter could not be stored', keep, parts)
  }
  deadLetters(ending.reason).inc()
  events.warn('EventDeadLettered', `event ${delivery.event.id} was stored as a dead letter: ${ending.because}`)
  return delivery.settle({ kind: 'ack' })
}
