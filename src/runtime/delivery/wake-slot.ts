import { onAbort } from '../../plugin/signals.js'
import type { Envelope } from '../../core/delivery/types.js'
import type { Clock, FunctionState, WakeSplit } from '../ports.js'
import type { EndpointPool, Slot } from './endpoint-pool.js'
import { Wake } from './wake.js'

export interface WakeSlotParts {
  readonly pool: EndpointPool
  readonly clock: Clock
  readonly coldStartTimeoutMs: number
  /** Asks for replicas now. */
  readonly ask: () => void
  readonly onTimeout: () => void
  /** An event has begun, or ceased, to wait longer than a healthy function starts. */
  readonly onSlow: () => void
}

const slowMs = 10_000

/** Where an event waits while the function is at zero: nothing is POSTed, and the wait costs no attempt. */
export class WakeSlot {
  readonly #parts: WakeSlotParts
  #wake: Wake | undefined
  #isSlow = false

  constructor (parts: WakeSlotParts) { this.#parts = parts }

  /** An event waits that was sent to nobody. */
  get isWaiting (): boolean { return this.#wake !== undefined && this.#parts.pool.endpoints === 0 }

  /** The event has waited for longer than a healthy function starts. */
  get isSlow (): boolean { return this.#isSlow && this.isWaiting }

  /** An event was pulled; the first one at zero is the one whose wake is measured. */
  took (event: Envelope): void {
    if (this.#parts.pool.endpoints === 0) this.#wake ??= new Wake(event, this.#parts.clock.now())
  }

  /** A count above zero was written. */
  decided (at: number): void { this.#wake?.decided(at) }

  /** A slot, whenever there is one: asks for replicas at zero. Undefined when the signal aborts or the cold start takes too long. */
  async slot (signal: AbortSignal): Promise<Slot | undefined> {
    const { pool, clock, coldStartTimeoutMs, ask, onTimeout } = this.#parts
    if (pool.endpoints > 0) return pool.wait(signal)
    const limit = new AbortController()
    const letGo = onAbort(signal, () => limit.abort())
    const cancel = clock.after(coldStartTimeoutMs, () => { onTimeout(); limit.abort() })
    const cancelSlow = clock.after(slowMs, () => this.#slow(true))
    ask()
    try {
      return await pool.wait(limit.signal)
    } finally {
      cancel()
      cancelSlow()
      letGo()
      if (this.#isSlow) this.#slow(false)
    }
  }

  #slow (isSlow: boolean): void {
    this.#isSlow = isSlow
    this.#parts.onSlow()
  }

  /** The split, when this was the event that woke the function. */
  answered (event: Envelope, lastStart: FunctionState['lastStart']): WakeSplit | undefined {
    if (this.#wake?.eventId !== event.id) return undefined
    const split = this.#wake.answered(this.#parts.clock.now(), lastStart)
    this.#wake = undefined
    return split
  }

  /** The event goes back to its source unanswered. */
  gaveUp (event: Envelope): void {
    if (this.#wake?.eventId === event.id) this.#wake = undefined
  }
}
