import type { Envelope } from '../../core/delivery/types.js'
import type { EpochMs, FunctionState, WakeSplit } from '../ports.js'

/** Where the time of one wake goes: kept from the event in hand to its answer. One wake at a time: there is one wake slot. */
export class Wake {
  readonly #event: Envelope
  readonly #inHandAt: EpochMs
  #decidedAt: EpochMs | undefined

  constructor (event: Envelope, now: EpochMs) {
    this.#event = event
    this.#inHandAt = now
  }

  get eventId (): string { return this.#event.id }

  /** The wish for replicas was written. */
  decided (at: EpochMs): void { this.#decidedAt ??= Math.max(at, this.#inHandAt) }

  /** The function answered. Parts that nobody told are counted to the next one that is known. */
  answered (now: EpochMs, lastStart: FunctionState['lastStart']): WakeSplit {
    const happenedAt = this.#event.time === undefined ? this.#inHandAt : Math.min(Date.parse(this.#event.time), this.#inHandAt)
    const decidedAt = this.#decidedAt ?? this.#inHandAt
    const startedAt = Math.max(decidedAt, Math.min(lastStart?.startedAt ?? decidedAt, now))
    const readyAt = Math.max(startedAt, Math.min(lastStart?.readyAt ?? startedAt, now))
    return {
      at: this.#inHandAt, eventId: this.#event.id,
      noticeMs: this.#inHandAt - happenedAt, decideMs: decidedAt - this.#inHandAt, startMs: startedAt - decidedAt,
      readyMs: readyAt - startedAt, deliverMs: now - readyAt, totalMs: now - happenedAt,
    }
  }
}
