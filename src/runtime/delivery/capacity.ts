import { onAbort } from '../../plugin/signals.js'
import type { Capacity } from '../../plugin/connector.js'

/** A `Capacity` whose number is derived; whoever changes what it is derived from says so. */
export class DerivedCapacity implements Capacity {
  readonly #derive: () => number
  #told: number
  readonly #waiters = new Set<() => void>()

  constructor (derive: () => number) {
    this.#derive = derive
    this.#told = derive()
  }

  slots (): number { return this.#derive() }

  changed (signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const waiter = (): void => { letGo(); resolve() }
      this.#waiters.add(waiter)
      const letGo = onAbort(signal, () => { this.#waiters.delete(waiter); resolve() })
    })
  }

  /** Something that the number is derived from changed. */
  recheck (): void {
    const now = this.#derive()
    if (now === this.#told) return
    this.#told = now
    const waiters = [...this.#waiters]
    this.#waiters.clear()
    for (const waiter of waiters) waiter()
  }
}
