import type { Capacity } from '../connector.js'
import { onAbort } from '../signals.js'

/** A Capacity whose slots the test sets. */
export interface TestCapacity extends Capacity { set(slots: number): void }

export function testCapacity (slots: number): TestCapacity {
  let waiting: (() => void)[] = []
  return {
    slots: () => slots,
    changed: signal => new Promise(resolve => {
      const forget = onAbort(signal, resolve)
      waiting.push(() => { forget(); resolve() })
    }),
    set: next => {
      slots = next
      for (const wake of waiting.splice(0)) wake()
      waiting = []
    },
  }
}
