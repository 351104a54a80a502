import { readMemory, seedMemory, writeMemory } from '../core/scaling/memory.js'
import type { CurrentReplicas, ScaleMemory } from '../core/scaling/types.js'
import type { Clock, StateStore } from './ports.js'

/** Written at most this often while nothing but the memory itself changes. */
const saveEveryMs = 60_000

/** A unit's memory in the StateStore. What is lost or not understood seeds a full window from the present count: it may raise, it lowers nothing. */
export class UnitMemory {
  readonly #key: string
  readonly #store: StateStore
  readonly #clock: Clock
  #version: string | undefined
  #saved = ''
  #savedMemory: ScaleMemory | undefined
  #savedAt = -Infinity
  #memory: ScaleMemory | undefined

  constructor (key: string, store: StateStore, clock: Clock) {
    this.#key = `memory/${key}`
    this.#store = store
    this.#clock = clock
  }

  async load (current: CurrentReplicas): Promise<ScaleMemory> {
    if (this.#memory !== undefined) return this.#memory
    const stored = await this.#store.get(this.#key)
    this.#version = stored?.version
    this.#saved = stored?.value ?? ''
    const memory = (stored === undefined ? undefined : readMemory(stored.value)) ?? seedMemory(this.#clock.now(), current)
    this.#memory = memory
    this.#savedMemory = stored === undefined ? undefined : memory
    return memory
  }

  /** Keeps the memory of a decision; writes it when `now` it matters (a count is about to be written) and otherwise once a minute. */
  async keep (memory: ScaleMemory, matters: boolean): Promise<void> {
    this.#memory = memory
    if (!matters && (this.#clock.monotonic() - this.#savedAt < saveEveryMs || saysNoMore(memory, this.#savedMemory))) return
    await this.flush()
  }

  /** Writes what is not written yet. Another writer's version is taken over: there is one owner, and it is us. */
  async flush (): Promise<void> {
    if (this.#memory === undefined) return
    const text = writeMemory(this.#memory)
    if (text === this.#saved) return
    if (!await this.#store.compareAndSet(this.#key, this.#version, text)) {
      const present = await this.#store.get(this.#key)
      await this.#store.compareAndSet(this.#key, present?.version, text)
    }
    this.#version = (await this.#store.get(this.#key))?.version
    this.#saved = text
    this.#savedMemory = this.#memory
    this.#savedAt = this.#clock.monotonic()
  }
}

/** Of a target that sleeps the windows hold nothing but zeros, and nothing can be lowered: only their times went on. */
function saysNoMore (memory: ScaleMemory, saved: ScaleMemory | undefined): boolean {
  return saved !== undefined && isAsleep(memory) && isAsleep(saved) &&
    memory.lastSet === saved.lastSet && memory.lastActiveAt === saved.lastActiveAt && memory.adoptedAt === saved.adoptedAt
}

const isAsleep = ({ recommendations, scaleEvents, failures }: ScaleMemory): boolean =>
  recommendations.every(r => r.replicas === 0) && scaleEvents.length === 0 && Object.values(failures).every(f => f.count === 0)
