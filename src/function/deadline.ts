import type { Clock } from '../core/clock.js'

/** What can run out of time; a node of the list below, so that joining and leaving allocates nothing. */
export abstract class Timed {
  deadline = 0
  previous: Timed | undefined
  next: Timed | undefined
  /** Called at most about 10 ms after the deadline (and as late as the event loop is). It leaves the list. */
  abstract onDeadline (): void
}

const coarseMs = 10

/**
 * Deadlines of calls that all have the same time limit. They join in the order in which they run out, so the first of the list
 * is always the next, and one timer serves them all; when calls end in time it fires once per time limit, not once per call.
 */
export class Deadlines {
  readonly #timeoutMs: number
  readonly #clock: Clock
  #first: Timed | undefined
  #last: Timed | undefined
  #cancel: (() => void) | undefined

  constructor (timeoutMs: number, clock: Clock) {
    this.#timeoutMs = timeoutMs
    this.#clock = clock
  }

  join (item: Timed): void {
    item.deadline = this.#clock.monotonic() + this.#timeoutMs
    item.previous = this.#last
    if (this.#last === undefined) this.#first = item
    else this.#last.next = item
    this.#last = item
    if (this.#cancel === undefined) this.#arm(this.#timeoutMs)
  }

  leave (item: Timed): void {
    if (item.previous === undefined) this.#first = item.next
    else item.previous.next = item.next
    if (item.next === undefined) this.#last = item.previous
    else item.next.previous = item.previous
    item.previous = item.next = undefined
  }

  /** Ends the timer; who is still in the list has no deadline any more. */
  close (): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  #arm (ms: number): void {
    this.#cancel = this.#clock.after(ms, () => this.#expire())
  }

  #expire (): void {
    this.#cancel = undefined
    const now = this.#clock.monotonic()
    let first = this.#first
    while (first !== undefined && first.deadline <= now) {
      first.onDeadline()
      first = this.#first
    }
    if (first !== undefined && this.#cancel === undefined) this.#arm(Math.max(coarseMs, first.deadline - now))
  }
}
