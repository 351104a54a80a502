import { errorCode, errorMessage } from '../../core/errors.js'
import type { Measurement, Reading } from '../../core/scaling/types.js'
import type { Clock } from '../ports.js'
import type { OnRing, Voice } from '../scaling/voice.js'

export interface DemandParts {
  readonly trigger: string
  readonly type: string
  /** Events that one replica is meant to hold. */
  readonly target: number
  readonly activation: number
  readonly clock: Clock
  /** Events in hand: being called or waiting for the function. */
  readonly inHand: () => number
  /** Asks the source: how much waits, 0 where it cannot tell; `not-open` before it could be asked. Rejects when the line is down. */
  readonly backlog: (signal: AbortSignal) => Promise<number | 'not-open'>
}

/** A saturated pump asks for another look at most this often. */
const saturatedEveryMs = 1_000

/** A Trigger's own voice for its function's target: what waits in the source, and what is in hand. It rings by itself. */
export class Demand implements Voice {
  readonly trigger: string
  readonly type: string
  readonly #parts: DemandParts
  #onRing: OnRing | undefined
  #rangAt = -Infinity

  constructor (parts: DemandParts) {
    this.#parts = parts
    this.trigger = parts.trigger
    this.type = parts.type
  }

  async look (signal: AbortSignal): Promise<Reading> {
    const { clock, trigger } = this.#parts
    try {
      const backlog = await this.#parts.backlog(signal)
      return backlog === 'not-open'
        ? { kind: 'absent', trigger, at: clock.now(), why: 'its source is not open yet' }
        : { kind: 'measured', trigger, at: clock.now(), measurements: [this.#measurement(backlog)] }
    } catch (error) {
      return { kind: 'failed', trigger, at: clock.now(), code: errorCode(error, 'TG_SOURCE_UNREACHABLE'), message: errorMessage(error) }
    }
  }

  arm (onRing: OnRing): void { this.#onRing = onRing }
  disarm (): void { this.#onRing = undefined }
  async close (): Promise<void> { this.disarm() }

  /** An event is in hand and nobody is there to take it: decide now, by what is known without asking. */
  wake (): void { this.#onRing?.(this.#measurement(0)) }

  /** The source can be asked now. */
  opened (): void { this.#onRing?.(undefined) }

  /** Every slot is taken: there may be more to do than was known. */
  saturated (): void {
    const now = this.#parts.clock.monotonic()
    if (now - this.#rangAt < saturatedEveryMs) return
    this.#rangAt = now
    this.#onRing?.(undefined)
  }

  #measurement (backlog: number): Measurement {
    const { trigger, target, activation, inHand } = this.#parts
    const held = inHand()
    return { name: trigger, value: Math.max(backlog, held), target, activation, metricType: 'AverageValue', inFlight: held }
  }
}
