import type { Clock, Log } from '../ports.js'

const atMostEveryMs = 30_000

/** Tells of failed deliveries without drowning who reads: a line when the reason is a new one, else one in half a minute with the number since. */
export class FailureLog {
  readonly #clock: Clock
  readonly #log: Log
  #because = ''
  #toldAt = -Infinity
  #since = 0

  constructor (clock: Clock, log: Log) {
    this.#clock = clock
    this.#log = log
  }

  tell (failure: { readonly eventId: string, readonly disposition: string, readonly because: string }): void {
    this.#since++
    const now = this.#clock.monotonic()
    if (failure.because === this.#because && now - this.#toldAt < atMostEveryMs) return
    this.#log.warn({ ...failure, failures: this.#since }, 'delivery failed')
    this.#because = failure.because
    this.#toldAt = now
    this.#since = 0
  }
}
