import { onAbort } from '../core/on-abort.js'
import type { Clock } from '../runtime/ports.js'

/** The longest wait a timer can be set for; longer ones are taken in parts. */
const longestMs = 2_147_483_647

/** The one real clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) => new Promise(resolve => {
    if (signal?.aborted === true) return resolve()
    const cancel = systemClock.after(ms, () => { letGo(); resolve() })
    const letGo = signal === undefined ? nothing : onAbort(signal, () => { cancel(); resolve() })
  }),
  after: (ms, fn) => {
    if (ms <= longestMs) {
      const timer = setTimeout(fn, Math.max(0, ms))
      return () => clearTimeout(timer)
    }
    let cancel = systemClock.after(longestMs, () => { cancel = systemClock.after(ms - longestMs, fn) })
    return () => cancel()
  },
}

const nothing = (): void => undefined
