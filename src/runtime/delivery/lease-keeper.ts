import type { Delivery } from '../../plugin/connector.js'
import { errorMessage } from '../../core/errors.js'
import type { Clock, Log } from '../ports.js'

/**
 * Extends the leases of all deliveries that are in hand for longer than a third of their lease. One sweep for all of a pump:
 * an event that is answered soon costs an entry in a map and no timer.
 */
export class LeaseKeeper {
  readonly #due = new Map<Delivery, number>()
  readonly #clock: Clock
  readonly #log: Log
  #cancel: (() => void) | undefined

  constructor (clock: Clock, log: Log) {
    this.#clock = clock
    this.#log = log
  }

  hold (delivery: Delivery): void {
    if (delivery.extend === undefined || delivery.leaseMs === undefined) return
    this.#due.set(delivery, this.#clock.monotonic() + delivery.leaseMs / 3)
    this.#cancel ??= this.#clock.after(delivery.leaseMs / 6, () => this.#sweep(delivery.leaseMs ?? 30_000))
  }

  letGo (delivery: Delivery): void { this.#due.delete(delivery) }

  stop (): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#due.clear()
  }

  #sweep (leaseMs: number): void {
    const now = this.#clock.monotonic()
    for (const [delivery, due] of this.#due) {
      if (due > now) break // in order of arrival, and extended ones are put at the end
      this.#due.delete(delivery)
      this.#due.set(delivery, now + leaseMs / 3)
      this.#extend(delivery)
    }
    this.#cancel = this.#due.size === 0 ? undefined : this.#clock.after(leaseMs / 6, () => this.#sweep(leaseMs))
  }

  #extend (delivery: Delivery): void {
    Promise.resolve().then(() => delivery.extend?.()).catch((error: unknown) => {
      this.#log.warn({ eventId: delivery.event.id, err: errorMessage(error) }, 'a lease could not be extended; the event may be handed out again')
    })
  }
}
