import { onAbort } from '../../plugin/signals.js'
import type { Endpoint } from '../ports.js'

/** The right to one call of one endpoint. Released exactly once. */
export interface Slot { readonly endpoint: Endpoint, release(): void }

interface Replica extends Slot { inFlight: number }

/**
 * The slots of a function: each ready replica has `perReplica` of them, all together at most `max`.
 * A slot belongs to one replica, so that none gets more than its share; the next call goes to the next replica that has one free.
 */
export class EndpointPool {
  readonly #perReplica: number
  readonly #max: number
  #replicas: Replica[] = []
  readonly #leaving = new Set<Replica>()
  #next = 0
  #inFlight = 0
  #waiters: ((slot: Slot) => void)[] = []
  readonly #onChange: () => void

  /** `onChange`: the number of slots changed. */
  constructor (options: { perReplica: number, max: number, onChange: () => void }) {
    this.#perReplica = options.perReplica
    this.#max = options.max
    this.#onChange = options.onChange
  }

  get endpoints (): number { return this.#replicas.length }
  get inFlight (): number { return this.#inFlight }
  /** All slots there are; 0 while no replica is ready. */
  get slots (): number { return Math.min(this.#max, this.#replicas.length * this.#perReplica) }
  /** Ids of replicas with a call under way, leaving ones included. */
  get busy (): readonly string[] {
    return [...this.#replicas.filter(replica => replica.inFlight > 0), ...this.#leaving].map(replica => replica.endpoint.id)
  }

  /** The replicas that are ready now. Calls to one that left go on; it gets no new ones. */
  update (endpoints: readonly Endpoint[]): void {
    const present = new Map(this.#replicas.map(r => [r.endpoint.id, r]))
    const kept = endpoints.map(endpoint => present.get(endpoint.id) ?? this.#replica(endpoint))
    for (const replica of this.#replicas) if (!kept.includes(replica) && replica.inFlight > 0) this.#leaving.add(replica)
    this.#replicas = kept
    this.#next = 0
    this.#serveWaiters()
    this.#onChange()
  }

  /** A free slot now, or undefined. */
  take (): Slot | undefined {
    if (this.#inFlight >= this.slots) return undefined
    for (let i = 0; i < this.#replicas.length; i++) {
      const replica = this.#replicas[(this.#next + i) % this.#replicas.length]
      if (replica === undefined || replica.inFlight >= this.#perReplica) continue
      this.#next = (this.#next + i + 1) % this.#replicas.length
      replica.inFlight++
      this.#inFlight++
      return replica
    }
    return undefined
  }

  /** The next free slot, first come first served; undefined when the signal aborts first. */
  async wait (signal: AbortSignal): Promise<Slot | undefined> {
    const now = this.#waiters.length === 0 ? this.take() : undefined
    if (now !== undefined) return now
    return new Promise(resolve => {
      const waiter = (slot: Slot): void => { letGo(); resolve(slot) }
      const letGo = onAbort(signal, () => {
        this.#waiters = this.#waiters.filter(w => w !== waiter)
        resolve(undefined)
      })
      if (!signal.aborted) this.#waiters.push(waiter)
    })
  }

  #replica (endpoint: Endpoint): Replica {
    const replica: Replica = {
      endpoint,
      inFlight: 0,
      release: () => {
        replica.inFlight--
        this.#inFlight--
        if (replica.inFlight === 0) this.#leaving.delete(replica)
        this.#serveWaiters()
      },
    }
    return replica
  }

  #serveWaiters (): void {
    while (this.#waiters.length > 0) {
      const slot = this.take()
      if (slot === undefined) return
      this.#waiters.shift()?.(slot)
    }
  }
}
