import type { Capacity, Clock } from '../plugin/index.js'

const mostAhead = 1_000
const learnEveryMs = 100

/**
 * How much a pull may hold: never more than there are slots, or what is gone within a tenth of its lease at the speed seen lately.
 * At one slot (a sleeping function) exactly one.
 */
export class PullWindow {
  /** Handed out and not settled. */
  inHand = 0
  readonly #capacity: Capacity
  readonly #clock: Clock
  readonly #ackWaitMs: number
  #perMs = 0
  #settledSince = 0
  #since: number

  constructor (capacity: Capacity, { clock, ackWaitMs }: { readonly clock: Clock, readonly ackWaitMs: number }) {
    this.#capacity = capacity
    this.#clock = clock
    this.#ackWaitMs = ackWaitMs
    this.#since = clock.monotonic()
  }

  settled (): void { this.inHand-- }

  /** Called once a tick with the number of acks; retries say nothing about speed. */
  learn (acks: number): void {
    this.#settledSince += acks
    const elapsedMs = this.#clock.monotonic() - this.#since
    if (elapsedMs < learnEveryMs) return
    const perMs = this.#settledSince / elapsedMs
    this.#perMs = perMs < this.#perMs ? perMs : (this.#perMs + perMs) / 2
    this.#settledSince = 0
    this.#since += elapsedMs
  }

  /** The speed that was seen is no longer true. */
  forget (): void { this.#perMs = 0 }

  limit (): number {
    const slots = this.#capacity.slots()
    if (slots <= 1) return slots
    return Math.max(slots, Math.min(mostAhead, Math.floor(this.#perMs * this.#ackWaitMs / 10)))
  }

  /** How many to ask for now; 0 while a larger batch is worth the wait: the broker pays for each pull. */
  batch (buffered: number, asked: number): number {
    const limit = this.limit()
    const free = limit - this.inHand - buffered - asked
    const worthwhile = buffered > 0 ? limit / 2 : Math.max(1, Math.min(asked, limit / 2))
    return free >= worthwhile ? free : 0
  }
}
