import { onAbort } from '../../plugin/signals.js'
import type { Capacity } from '../../plugin/connector.js'

/** A `Capacity` whose number is derived; whoever changes what it is derived from says so. */
export class DerivedCapacity implements Capacity {
  readonly #derive: () => number
  #told: number
  #waiters: (() => void)[] = []

  constructor (derive: () => number) {
    this.#derive = derive
    this.#told = derive()
  }

  slots (): number { return this.#derive() }

  changed (signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const letGo = onAbort(signal, resolve)
      this.#waiters.push(() => { letGo(); resolve() })
    })
  }

  /** Something that the number is derived from changed. */
  recheck (): void {
    const now = this.#derive()
    if (now === this.#told) return
    this.#told = now
    for (const waiter of this.#waiters.splice(0)) waiter()
  }
}
