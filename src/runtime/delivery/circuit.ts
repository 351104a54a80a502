import { initialBreaker, isOpen, mayProbe, nextBreaker, type BreakerEvent, type BreakerPolicy, type BreakerState } from '../../core/delivery/breaker.js'
import type { Disposition } from '../../core/delivery/types.js'
import type { Clock } from '../ports.js'

/** The circuit of one Trigger: the core's breaker with a clock, and somebody who is told. */
export class Circuit {
  readonly #policy: BreakerPolicy
  readonly #clock: Clock
  readonly #onChange: () => void
  #state: BreakerState = initialBreaker
  #cancelProbe: () => void = () => undefined

  /** `onChange`: what the circuit lets through changed. */
  constructor (options: { policy: BreakerPolicy, clock: Clock, onChange: () => void }) {
    this.#policy = options.policy
    this.#clock = options.clock
    this.#onChange = options.onChange
  }

  get state (): BreakerState { return this.#state }
  get isOpen (): boolean { return isOpen(this.#state) }

  /**
   * What really becomes of an event: while the circuit is open nothing is given up, so that a broken function does not empty
   * its queue into dead letters. The event that opens the circuit is the first to be held.
   */
  ends (disposition: Disposition): Disposition {
    const event = seen[disposition.kind]
    if (event === undefined || (event === 'success' && this.#state === initialBreaker)) return disposition
    const next = nextBreaker(this.#state, event, this.#clock.now(), this.#policy)
    if (next !== this.#state) this.#become(next)
    if (!isOpen(next) || (disposition.kind !== 'deadLetter' && disposition.kind !== 'drop')) return disposition
    return { kind: 'hold', afterMs: Math.max(0, next.probeAt - this.#clock.now()), because: `${disposition.because}; the circuit is open` }
  }

  stop (): void { this.#cancelProbe() }

  #become (next: BreakerState): void {
    this.#state = next
    this.#cancelProbe()
    this.#awaitProbe()
    this.#onChange()
  }

  /** A timer may be a little early, and a wall clock may be set: it is asked again until the probe may really go. */
  #awaitProbe (): void {
    if (!isOpen(this.#state)) return
    const wait = Math.max(1, this.#state.probeAt - this.#clock.now())
    this.#cancelProbe = this.#clock.after(wait, () => {
      if (mayProbe(this.#state, this.#clock.now())) this.#onChange()
      else this.#awaitProbe()
    })
  }
}

/** What an ending tells about the function; a release or a suspension tells nothing. */
const seen: Readonly<Record<Disposition['kind'], BreakerEvent | undefined>> = {
  ack: 'success', retry: 'failed', deadLetter: 'exhausted', drop: 'exhausted', hold: 'exhausted', suspend: undefined, release: undefined,
}
