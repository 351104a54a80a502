import { onAbort } from '../../src/core/on-abort.js'
import type { Clock, EpochMs } from '../../src/core/clock.js'

/** A clock that stands still until it is told to go on; minutes pass in microseconds. */
export class ManualClock implements Clock {
  #now: EpochMs
  #timers: { readonly at: number, readonly fn: () => void }[] = []

  constructor (now: EpochMs = Date.parse('2026-01-01T00:00:00Z')) { this.#now = now }

  now (): EpochMs { return this.#now }
  monotonic (): number { return this.#now }

  sleep (ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      if (signal?.aborted === true) return resolve()
      const cancel = this.after(ms, () => { letGo(); resolve() })
      const letGo = signal === undefined ? () => undefined : onAbort(signal, () => { cancel(); resolve() })
    })
  }

  after (ms: number, fn: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), fn }
    this.#timers.push(timer)
    return () => { this.#timers = this.#timers.filter(t => t !== timer) }
  }

  /** Timers that are set. */
  get pending (): number { return this.#timers.length }

  /** Lets time pass; every timer is called at its own instant, and what it sets off is finished before the next. */
  async advance (ms: number): Promise<void> {
    const until = this.#now + ms
    await settle()
    for (;;) {
      const [next] = this.#timers.filter(t => t.at <= until).sort((a, b) => a.at - b.at)
      if (next === undefined) break
      this.#timers = this.#timers.filter(t => t !== next)
      this.#now = Math.max(this.#now, next.at)
      next.fn()
      await settle()
    }
    this.#now = until
    await settle()
  }
}

/** Lets every promise that can be resolved now be resolved: a turn of the real event loop comes after all microtasks. */
export async function settle (): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise(resolve => setImmediate(resolve))
}
