import { readJobsMemory, writeJobsMemory, type JobsMemory } from '../../core/scaling/jobs/memory.js'
import { refKey, type ObjectRef, type StateStore } from '../ports.js'

/** The memory of one ScaledJob in the StateStore. A write that another writer was quicker with is refused: what we knew was not the last word. */
export class JobMemory {
  readonly #key: string
  readonly #store: StateStore
  #loaded: { readonly memory: JobsMemory | undefined, readonly version: string | undefined } | undefined

  constructor (ref: ObjectRef, store: StateStore) {
    this.#key = `memory/${refKey(ref)}`
    this.#store = store
  }

  /** Undefined: nothing is remembered that can be understood. */
  async load (): Promise<JobsMemory | undefined> {
    if (this.#loaded === undefined) {
      const stored = await this.#store.get(this.#key)
      this.#loaded = { memory: stored === undefined ? undefined : readJobsMemory(stored.value), version: stored?.version }
    }
    return this.#loaded.memory
  }

  /** Rejects where it was not written; the next `load` then looks anew. */
  async save (memory: JobsMemory): Promise<void> {
    await this.load()
    const version = this.#loaded?.version
    this.#loaded = undefined
    if (!await this.#store.compareAndSet(this.#key, version, writeJobsMemory(memory))) throw new Error('what is remembered of its jobs was changed by another writer')
    this.#loaded = { memory, version: (await this.#store.get(this.#key))?.version }
  }

  async forget (): Promise<void> { await this.#store.delete(this.#key) }
}
