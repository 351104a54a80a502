import { errorMessage } from '../core/errors.js'
import type { Clock, Log } from '../runtime/ports.js'
import { ApiError } from './api/api-error.js'
import type { KubeHttp } from './api/http.js'
import { microTime, objectPath, collectionPath, type Wire } from './api/wire.js'

const apiVersion = 'coordination.k8s.io/v1'
const durationMs = 3_000
const renewEveryMs = 1_000
/** From the last renewal's beginning: after that another may hold it soon, so nothing is written any more. */
const deadlineMs = 2_000

/** How long a write waits for a renewal that is late. */
const patienceMs = 3_000

type WireLease = Wire<{ readonly spec?: { readonly holderIdentity?: string, readonly leaseDurationSeconds?: number, readonly acquireTime?: string, readonly renewTime?: string, readonly leaseTransitions?: number } }>

export interface LeaseParts {
  readonly http: KubeHttp
  readonly clock: Clock
  readonly log: Log
  readonly namespace: string
  readonly name: string
  /** Unlike that of any other process, ever. */
  readonly identity: string
}

/**
 * Who works: the holder of one Lease. It is valid for two seconds from the beginning of its last renewal on our own monotonic clock, so that a
 * paused process or one that cannot reach the API server stops writing before another takes over at three.
 */
export class LeaseHolder {
  readonly #parts: LeaseParts
  readonly #listeners = new Set<() => void>()
  readonly #waiting = new Set<() => void>()
  #lease: WireLease | undefined
  /** What we saw last of another's lease, and since when it has not changed. */
  #seen: { readonly version: string, readonly at: number } | undefined
  #renewedAt = -Infinity
  #holds = false
  #triedAt = Infinity
  #saidHolder = ''

  constructor (parts: LeaseParts) { this.#parts = parts }

  /** Nobody else took it, as far as we know: true through an outage, until another is seen to hold it. */
  get holds (): boolean { return this.#holds }
  /** `namespace/name`: whoever has another one agrees with nobody here. */
  get key (): string { return `${this.#parts.namespace}/${this.#parts.name}` }
  get identity (): string { return this.#parts.identity }
  /** How many times it changed hands; grows with every holder. */
  get epoch (): number { return this.#lease?.spec?.leaseTransitions ?? 0 }

  /** Milliseconds since the last attempt began, while it is stood for; a lease that is tried for each second is at most a few seconds old. */
  get idleMs (): number { return Math.max(0, this.#parts.clock.monotonic() - this.#triedAt) }

  /** Whether we may write at this instant. */
  mayWrite (): boolean { return this.#holds && this.#parts.clock.monotonic() - this.#renewedAt < deadlineMs }

  /** Waits for a renewal that is late: an overloaded API server answers everybody late, and what was decided need not be decided anew for that. */
  soon (): Promise<void> {
    if (!this.#holds || this.mayWrite()) return Promise.resolve()
    return new Promise(resolve => {
      const done = (): void => { cancel(); this.#waiting.delete(done); resolve() }
      const cancel = this.#parts.clock.after(patienceMs, done)
      this.#waiting.add(done)
    })
  }

  /** Calls back when it was taken or lost, until stopped. */
  changes (listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  /** Tries to get it, and keeps it, until the signal aborts. Never rejects. */
  async run (signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts
    while (!signal.aborted) {
      const began = this.#triedAt = clock.monotonic()
      try {
        if (this.#holds) await this.#renew(began)
        else await this.#acquire(began)
      } catch (error) {
        log.warn({ lease: this.key, err: errorMessage(error) }, this.#holds ? 'the lease could not be renewed; trying again' : 'the lease could not be asked for; trying again')
      }
      await clock.sleep(Math.max(0, this.#nextAt(began) - clock.monotonic()), signal)
    }
    this.#triedAt = Infinity
  }

  /** Each second; another's lease is looked at in the instant in which it lapses, too. */
  #nextAt (began: number): number {
    const lapsesAt = this.#holds || this.#seen === undefined ? Infinity : this.#seen.at + (this.#lease?.spec?.leaseDurationSeconds ?? durationMs / 1000) * 1000
    return lapsesAt > began ? Math.min(began + renewEveryMs, lapsesAt) : began + renewEveryMs
  }

  /** Gives it back, so that the next one need not wait. Only after everything that writes has stopped. */
  async release (): Promise<void> {
    if (!this.#holds) return
    this.#setHolds(false)
    try {
      await this.#put({ holderIdentity: '', leaseDurationSeconds: 1, renewTime: this.#now() })
    } catch (error) {
      this.#parts.log.warn({ lease: this.key, err: errorMessage(error) }, 'the lease could not be given back; it ends by itself')
    }
  }

  async #renew (began: number): Promise<void> {
    try {
      await this.#put({ renewTime: this.#now() })
      this.#renewedAt = began
      for (const done of this.#waiting) done()
    } catch (error) {
      if (!(error instanceof ApiError) || !(error.isConflict || error.isMissing)) throw error
      // An earlier renewal whose answer was lost, somebody's edit, or another holder: look.
      this.#lease = await this.#get()
      if (this.#lease?.spec?.holderIdentity === this.#parts.identity) return this.#renew(began)
      this.#parts.log.warn({ lease: this.key, holder: this.#lease?.spec?.holderIdentity ?? '' }, 'the lease went to another')
      this.#setHolds(false)
    }
  }

  async #acquire (began: number): Promise<void> {
    this.#lease = await this.#get()
    if (this.#lease === undefined) return this.#create(began)
    const { holderIdentity = '', leaseDurationSeconds = durationMs / 1000, leaseTransitions = 0 } = this.#lease.spec ?? {}
    if (holderIdentity !== '' && holderIdentity !== this.#parts.identity && !this.#isStale(leaseDurationSeconds * 1000)) return this.#sayHolder(holderIdentity)
    const now = this.#now()
    try {
      await this.#put({ holderIdentity: this.#parts.identity, leaseDurationSeconds: durationMs / 1000, acquireTime: now, renewTime: now, leaseTransitions: leaseTransitions + 1 })
    } catch (error) {
      if (error instanceof ApiError && error.isConflict) return // another was faster
      throw error
    }
    this.#taken(began)
  }

  /**
   * Whether the lease has stood still, as we saw it, for as long as its holder asked for. The clocks of others count for nothing. It is seen when the
   * answer is here: a renewal came before that, but perhaps long after a slow request began.
   */
  #isStale (forMs: number): boolean {
    const now = this.#parts.clock.monotonic()
    const version = this.#lease?.metadata.resourceVersion ?? ''
    if (this.#seen?.version !== version) this.#seen = { version, at: now }
    return now - this.#seen.at >= forMs
  }

  #sayHolder (holder: string): void {
    if (holder !== this.#saidHolder) this.#parts.log.info({ lease: this.key, holder }, 'another holds the lease: standing by')
    this.#saidHolder = holder
  }

  /** Terms grow, though a lease was deleted: a new one begins at the minutes since 1970, since no lease changes hands so often. Whoever comes with a lower one would be refused by every memory. */
  async #create (began: number): Promise<void> {
    const { http, namespace, name, identity } = this.#parts
    const now = this.#now()
    try {
      this.#lease = await http.request<WireLease>({
        method: 'POST', urgency: 'lease', timeoutMs: deadlineMs, path: collectionPath(apiVersion, 'leases', namespace),
        body: { apiVersion, kind: 'Lease', metadata: { name, namespace }, spec: { holderIdentity: identity, leaseDurationSeconds: durationMs / 1000, acquireTime: now, renewTime: now, leaseTransitions: Math.floor(this.#parts.clock.now() / 60_000) } },
      })
    } catch (error) {
      if (error instanceof ApiError && error.isConflict) return
      throw error
    }
    this.#taken(began)
  }

  #taken (began: number): void {
    this.#renewedAt = began
    this.#saidHolder = ''
    this.#setHolds(true)
  }

  #setHolds (holds: boolean): void {
    this.#holds = holds
    this.#seen = undefined
    for (const tell of [...this.#waiting, ...this.#listeners]) tell()
  }

  #get (): Promise<WireLease | undefined> { return this.#parts.http.find<WireLease>(this.#path(), 'lease', deadlineMs) }

  /** The whole object with its resourceVersion: a compare-and-swap. */
  async #put (change: Partial<NonNullable<WireLease['spec']>>): Promise<void> {
    const { http } = this.#parts
    const { metadata, spec } = this.#lease ?? { metadata: {}, spec: {} }
    const { name, namespace, resourceVersion, labels, annotations, uid } = metadata
    this.#lease = await http.request<WireLease>({
      method: 'PUT', urgency: 'lease', timeoutMs: deadlineMs, path: this.#path(),
      body: { apiVersion, kind: 'Lease', metadata: { name, namespace, resourceVersion, uid, ...(labels === undefined ? {} : { labels }), ...(annotations === undefined ? {} : { annotations }) }, spec: { ...spec, ...change } },
    })
  }

  #path (): string { return objectPath(apiVersion, 'leases', this.#parts.namespace, this.#parts.name) }
  #now (): string { return microTime(this.#parts.clock.now()) }
}
