import type { Clock } from './ports.js'

/** Lets a call through at once when none came in the last `gapMs`; those that come sooner share one call at the end of the gap. */
export class Pace {
  readonly #clock: Clock
  readonly #gapMs: number
  readonly #fn: () => void
  #lastAt = -Infinity
  #cancelNext: (() => void) | undefined

  constructor (clock: Clock, gapMs: number, fn: () => void) {
    this.#clock = clock
    this.#gapMs = gapMs
    this.#fn = fn
  }

  call (): void {
    const wait = this.#lastAt + this.#gapMs - this.#clock.monotonic()
    if (wait <= 0) this.#go()
    else this.#cancelNext ??= this.#clock.after(wait, () => this.#go())
  }

  /** What waits for the end of the gap has become needless. */
  cancel (): void {
    this.#cancelNext?.()
    this.#cancelNext = undefined
  }

  /** What a call would do was done for another reason: the gap begins anew. */
  restart (): void {
    this.cancel()
    this.#lastAt = this.#clock.monotonic()
  }

  #go (): void {
    this.restart()
    this.#fn()
  }
}
