import type { System } from '../runtime/system.js'
import type { Clock } from '../runtime/ports.js'

/** Loops that were told to end write what they remember; an API server that is slow with it takes its time. */
const endingMs = 300_000

/** What of a process is stuck, for `/healthz`: a loop that stands still, or one that does not end. */
export class Vitals {
  readonly #clock: Clock
  readonly #others: () => readonly string[]
  #loops: System | undefined
  #endingSince: number | undefined

  /** `others`: what else may be stuck. */
  constructor (clock: Clock, others: () => readonly string[] = () => []) {
    this.#clock = clock
    this.#others = others
  }

  /** The same loops, watched from now on until they have ended. */
  watched (loops: System): System {
    this.#loops = loops
    return {
      ...loops,
      stop: async () => {
        this.#endingSince ??= this.#clock.monotonic()
        await loops.stop()
        this.#loops = this.#endingSince = undefined
      },
    }
  }

  stuck (): readonly string[] {
    const endsForMs = this.#endingSince === undefined ? 0 : this.#clock.monotonic() - this.#endingSince
    return [
      ...this.#others(), ...this.#endingSince === undefined ? this.#loops?.stuck() ?? [] : [],
      ...endsForMs < endingMs ? [] : [`the loops have not ended in ${Math.round(endsForMs / 1000)} s`],
    ]
  }
}
