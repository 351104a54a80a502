import type { Envelope } from '../../core/delivery/types.js'
import type { Clock, Counter, DeliveryStatus, Histogram, Log, WakeSplit } from '../ports.js'
import { FailureLog } from './failure-log.js'
import type { Ending } from './steps.js'

export interface ProgressParts {
  readonly clock: Clock
  readonly log: Log
  readonly wakes: Counter
  readonly wakePart: (part: string) => Histogram
}

/** What a Trigger's status tells of its deliveries since this process began. */
export class Progress {
  readonly #parts: ProgressParts
  readonly #failures: FailureLog
  #delivered = 0
  #failed = 0
  #deadLettered = 0
  #held = 0
  #lastFailure: DeliveryStatus['lastFailure']
  #lastWake: WakeSplit | undefined

  constructor (parts: ProgressParts) {
    this.#parts = parts
    this.#failures = new FailureLog(parts.clock, parts.log)
  }

  get lastFailure (): string | undefined { return this.#lastFailure?.because }

  status (): Pick<DeliveryStatus, 'delivered' | 'failed' | 'deadLettered' | 'held' | 'lastFailure' | 'lastWake'> {
    return {
      delivered: this.#delivered, failed: this.#failed, deadLettered: this.#deadLettered, held: this.#held,
      ...(this.#lastFailure === undefined ? {} : { lastFailure: this.#lastFailure }),
      ...(this.#lastWake === undefined ? {} : { lastWake: this.#lastWake }),
    }
  }

  ended (event: Envelope, ending: Ending): void {
    switch (ending.kind) {
      case 'ack': this.#delivered++; return
      case 'filtered':
      case 'release': return
      case 'deadLetter': this.#deadLettered++; return this.failed(event, ending)
      case 'hold': this.#held++; return this.failed(event, ending)
      case 'retry':
      case 'drop':
      case 'suspend': return this.failed(event, ending)
    }
  }

  failed (event: Envelope, { kind, because }: { readonly kind: Ending['kind'], readonly because: string }): void {
    this.#failed++
    this.#lastFailure = { at: this.#parts.clock.now(), because, eventId: event.id }
    this.#failures.tell({ eventId: event.id, disposition: kind, because })
  }

  woken (split: WakeSplit): void {
    const { wakes, wakePart, log } = this.#parts
    this.#lastWake = split
    wakes.inc()
    for (const part of ['notice', 'decide', 'start', 'ready', 'deliver', 'total'] as const) wakePart(part).observe(split[`${part}Ms`] / 1000)
    log.info({ ...split }, 'woken')
  }
}
