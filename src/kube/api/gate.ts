import type { Clock, Gauge } from '../../runtime/ports.js'
import type { Meter } from './meter.js'

/** What a request is for, the most urgent first. A lease never waits. */
export const urgencies = ['lease', 'wake', 'read', 'memory', 'down', 'status', 'event'] as const
export type Urgency = typeof urgencies[number]

/** Requests that are under way at once. Fair queuing of the server counts all of ours as one flow. */
const width = 16

/** Lets requests through in the order of their urgency, so many at once; a server that asks for a pause gets it from all but the lease. */
export class Gate {
  readonly #clock: Clock
  readonly #waiting = new Map<Urgency, (() => void)[]>(urgencies.map(urgency => [urgency, []]))
  #underWay = 0
  #closedUntil = -Infinity
  #reopening = false

  readonly #gauges: ReadonlyMap<Urgency, Gauge>

  constructor (clock: Clock, meter?: Meter) {
    this.#clock = clock
    this.#gauges = new Map(meter === undefined ? [] : urgencies.filter(urgency => urgency !== 'lease').map(urgency => [urgency, meter.waiting(urgency)]))
  }

  /** Runs the request when it is its turn. */
  async pass<T> (urgency: Urgency, request: () => Promise<T>): Promise<T> {
    if (urgency === 'lease') return request()
    if (this.#underWay >= width || this.#isClosed()) await new Promise<void>(resolve => { this.#wait(urgency, resolve) })
    else this.#underWay++
    try {
      return await request()
    } finally {
      this.#underWay--
      this.#next()
    }
  }

  /** The server is overloaded: nothing passes for this long. */
  pause (ms: number): void { this.#closedUntil = Math.max(this.#closedUntil, this.#clock.monotonic() + ms) }

  #wait (urgency: Urgency, go: () => void): void {
    const queue = this.#waiting.get(urgency)
    queue?.push(go)
    this.#gauges.get(urgency)?.set(queue?.length ?? 0)
    this.#next()
  }

  #isClosed (): boolean { return this.#clock.monotonic() < this.#closedUntil }

  #next (): void {
    if (this.#isClosed()) return this.#reopen()
    for (const urgency of urgencies) {
      const queue = this.#waiting.get(urgency)
      while (queue !== undefined && queue.length > 0 && this.#underWay < width) {
        this.#underWay++
        queue.shift()?.()
        this.#gauges.get(urgency)?.set(queue.length)
      }
    }
  }

  #reopen (): void {
    if (this.#reopening) return
    this.#reopening = true
    this.#clock.after(this.#closedUntil - this.#clock.monotonic(), () => { this.#reopening = false; this.#next() })
  }
}
