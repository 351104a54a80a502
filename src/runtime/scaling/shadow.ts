import { compared, type Comparison } from '../../core/scaling/comparison.js'
import { refKey, type Clock, type Log, type ObjectRef } from '../ports.js'

/** Holds what another does with one target against what we would do. It writes nothing, and says what it sees. */
export class Shadow {
  readonly #target: ObjectRef
  readonly #parts: { readonly clock: Clock, readonly log: Log, readonly compared: (seen: Comparison) => void }
  #seen: Comparison | undefined

  constructor (target: ObjectRef, parts: { readonly clock: Clock, readonly log: Log, readonly compared: (seen: Comparison) => void }) {
    this.#target = target
    this.#parts = parts
  }

  get seen (): Comparison | undefined { return this.#seen }

  look (it: number, we: number): void {
    const { clock, log } = this.#parts
    const known = this.#seen?.changes.at(-1)
    this.#seen = compared(this.#seen, clock.now(), it, we)
    this.#parts.compared(this.#seen)
    const fresh = this.#seen.changes.slice(known === undefined ? 0 : this.#seen.changes.lastIndexOf(known) + 1)
    for (const { by, from, to } of fresh) log.info({ target: refKey(this.#target), from, to, it, we }, by === 'it' ? 'shadow: it did' : 'shadow: we would')
  }
}
