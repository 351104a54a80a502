import { readMemory, resumed, seedMemory, wasActive, writeMemory } from '../../core/scaling/memory.js'
import type { CurrentReplicas, ScaleMemory, ScalePolicy } from '../../core/scaling/types.js'
import type { Clock, EpochMs, StateStore } from '../ports.js'

/** The longest and the shortest time between two writes while nothing but the memory itself changes. */
const longestMs = 60_000
const shortestMs = 10_000
/** Times that a memory is written against somebody else's edits. */
const tries = 3

/**
 * A unit's memory in the StateStore. What is lost, not understood or too old to protect a count seeds a full window from the present one:
 * it may raise, it lowers nothing. So it is written more often than the shortest time that it protects, where that is not shorter than a
 * write is worth, and when the target turns active: whoever reads it next takes it to have stayed so.
 */
export class UnitMemory {
  readonly #key: string
  readonly #store: StateStore
  readonly #clock: Clock
  #version: string | undefined
  #saved = ''
  #savedMemory: ScaleMemory | undefined
  #savedAt = -Infinity
  /** When what is stored was decided. */
  #storedDecidedAt: EpochMs | undefined
  #memory: ScaleMemory | undefined

  constructor (key: string, store: StateStore, clock: Clock) {
    this.#key = `memory/${key}`
    this.#store = store
    this.#clock = clock
  }

  /** What is remembered of the target's past; undefined before the first `load`. */
  get present (): ScaleMemory | undefined { return this.#memory }

  async load (current: CurrentReplicas, policy: ScalePolicy): Promise<ScaleMemory> {
    if (this.#memory !== undefined) return this.#memory
    const stored = await this.#store.get(this.#key)
    this.#version = stored?.version
    this.#saved = stored?.value ?? ''
    const read = stored === undefined ? undefined : readMemory(stored.value)
    const now = this.#clock.now()
    this.#storedDecidedAt = read?.decidedAt
    this.#memory = read !== undefined && this.#storedProtects(now, policy) ? resumed(read, now, policy) : seedMemory(now, current, read)
    this.#savedMemory = stored === undefined ? undefined : this.#memory
    return this.#memory
  }

  /**
   * Whether a rise may be written before its memory: what is stored seeds, so that whoever never reads of the rise begins with the count that
   * it led to. A stored memory that still protects would take the rise for somebody else's, and a lost one forgets how much was added lately.
   */
  mayFollow (policy: ScalePolicy): boolean { return policy.scaleUp.policies.length === 0 && !this.#storedProtects(this.#clock.now(), policy) }

  #storedProtects (now: EpochMs, policy: ScalePolicy): boolean { return this.#storedDecidedAt !== undefined && now - this.#storedDecidedAt <= protects(policy) }

  /** Keeps the memory of a decision; writes it now where it `matters` (a count is about to be written), and otherwise while it is still fresh and says more than nothing. */
  async keep (memory: ScaleMemory, policy: ScalePolicy, matters: boolean): Promise<void> {
    this.#memory = memory
    const every = Math.max(shortestMs, Math.min(longestMs, protects(policy) / 2))
    const turnsActive = wasActive(memory) && this.#savedMemory !== undefined && !wasActive(this.#savedMemory)
    const isDue = turnsActive || this.#clock.monotonic() - this.#savedAt >= every
    if (!matters && (!isDue || saysNoMore(memory, this.#savedMemory))) return
    await this.#flush()
  }

  /** At the end: writes what whoever comes next would not know by itself. */
  async settle (): Promise<void> {
    if (this.#memory !== undefined && !saysNoMore(this.#memory, this.#savedMemory)) await this.#flush()
  }

  /** Keeps it for this process alone: where another scales the target nothing of it is written. */
  remember (memory: ScaleMemory): void { this.#memory = memory }

  /** Writes what is not written yet, over what somebody else made of it. That a later owner is not written over is the store's to see to. Rejects where it is not written. */
  async #flush (): Promise<void> {
    if (this.#memory === undefined) return
    const text = writeMemory(this.#memory)
    if (text === this.#saved) return
    for (let attempt = 1; !await this.#store.compareAndSet(this.#key, this.#version, text); attempt++) {
      const present = await this.#store.get(this.#key)
      if (present === undefined && this.#version === undefined) break // nobody speaks for the target any more: nowhere to keep it
      if (attempt === tries) throw new Error('what is remembered of the target is changed by another writer again and again')
      this.#version = present?.version
    }
    this.#version = (await this.#store.get(this.#key))?.version
    this.#saved = text
    this.#savedMemory = this.#memory
    this.#storedDecidedAt = this.#memory.decidedAt
    this.#savedAt = this.#clock.monotonic()
  }

  /** Nobody speaks for the target any more: who does later finds a target that it does not know. */
  async forget (): Promise<void> { await this.#store.delete(this.#key) }
}

/** Of a target that sleeps the windows hold nothing but zeros, and nothing can be lowered: only their times went on. Before its first wake a seed knows as much. */
function saysNoMore (memory: ScaleMemory, saved: ScaleMemory | undefined): boolean {
  if (!isAsleep(memory)) return false
  if (saved === undefined) return (memory.lastSet ?? 0) === 0 && memory.lastActiveAt === undefined && memory.adoptedReplicas === 0
  return isAsleep(saved) && memory.lastSet === saved.lastSet && memory.lastActiveAt === saved.lastActiveAt && memory.adoptedAt === saved.adoptedAt
}

const isAsleep = ({ recommendations, scaleEvents, failures }: ScaleMemory): boolean =>
  recommendations.every(r => r.replicas === 0) && scaleEvents.length === 0 && Object.values(failures).every(f => f.count === 0)

/** The shortest time for which a memory holds a count up; what is written as 0 holds nothing. */
const protects = ({ cooldownMs, scaleDown }: ScalePolicy): number => Math.min(...[cooldownMs, scaleDown.stabilizationWindowMs].filter(ms => ms > 0))
