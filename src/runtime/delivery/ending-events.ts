import type { Clock, EventSink, ObjectRef } from '../ports.js'

const atMostEveryMs = 60_000

/** Tells what became of deliveries that did not succeed: of each reason the first at once, then one a minute with the number since. A storm of them is one story. */
export class EndingEvents {
  readonly #parts: { readonly ref: ObjectRef, readonly clock: Clock, readonly events: EventSink }
  readonly #told = new Map<string, { at: number, since: number }>()

  constructor (parts: { readonly ref: ObjectRef, readonly clock: Clock, readonly events: EventSink }) { this.#parts = parts }

  warn (reason: string, note: string): void {
    const { ref, clock, events } = this.#parts
    const now = clock.monotonic()
    const last = this.#told.get(reason)
    if (last !== undefined && now - last.at < atMostEveryMs) {
      last.since++
      return
    }
    const others = last?.since ?? 0
    events.emit(ref, { type: 'Warning', reason, note: others === 0 ? note : `${note} (and ${others} more since the last Event of this kind)` })
    this.#told.set(reason, { at: now, since: 0 })
  }
}
