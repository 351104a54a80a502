import type { Clock } from '../plugin/index.js'
import type { PulledMessage } from './nats-delivery.js'

interface Held { readonly message: PulledMessage, readonly since: number }
export interface HeldOptions { readonly clock: Clock, readonly ackWaitMs: number, readonly release: (message: PulledMessage) => void }

/** Messages that were pulled and not handed out, oldest first. None leaves it for the function older than half of its lease. */
export class HeldMessages {
  readonly #options: HeldOptions
  #held: Held[] = []
  #head = 0

  constructor (options: HeldOptions) { this.#options = options }

  get size (): number { return this.#held.length - this.#head }

  push (message: PulledMessage): void { this.#held.push({ message, since: this.#options.clock.monotonic() }) }

  /** The oldest that is fresh enough; those that are not go back to the broker. */
  take (): PulledMessage | undefined {
    const limit = this.#tooOld()
    for (;;) {
      const held = this.#held[this.#head]
      if (held === undefined) return undefined
      this.#head++
      if (this.#head === this.#held.length) { this.#held = []; this.#head = 0 }
      if (held.since > limit) return held.message
      this.#options.release(held.message)
    }
  }

  releaseNewest (): void {
    const newest = this.size === 0 ? undefined : this.#held.pop()
    if (newest !== undefined) this.#options.release(newest.message)
  }

  releaseAll (): void { for (const { message } of this.#held.splice(this.#head)) this.#options.release(message) }

  /** True when the oldest had waited too long: all went back then. */
  releaseStale (): boolean {
    const oldest = this.#held[this.#head]
    if (oldest === undefined || oldest.since > this.#tooOld()) return false
    this.releaseAll()
    return true
  }

  #tooOld (): number { return this.#options.clock.monotonic() - this.#options.ackWaitMs / 2 }
}
