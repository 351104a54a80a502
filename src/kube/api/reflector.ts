import { errorMessage } from '../../core/errors.js'
import { onAbort } from '../../core/on-abort.js'
import type { Clock, Log } from '../../runtime/ports.js'
import { ApiError } from './api-error.js'
import type { KubeHttp } from './http.js'
import type { Meter } from './meter.js'
import { linesOf } from './lines.js'
import { Watchdog } from '../watchdog.js'
import { nameKey, type Wire, type WireEvent, type WireList } from './wire.js'

export interface ReflectorParts { readonly http: KubeHttp, readonly clock: Clock, readonly random: () => number, readonly log: Log, readonly meter?: Meter }

/** What is kept of a kind, and from where. */
export interface Reflected<T> {
  /** Path of the collection. */
  readonly path: string
  /** Selectors: the same for the list and the watch. */
  readonly query?: Readonly<Record<string, string>>
  /** What is kept of an object. */
  readonly trim: (raw: Wire) => T
  /** The kind may not be served here, or not to us: then there is none of it, and it is asked for again now and then. */
  readonly optional?: boolean
  readonly timing?: Partial<Timing>
}

/** Milliseconds. */
export interface Timing {
  /** A watch that says nothing for so long is taken for dead; bookmarks come each minute. */
  readonly silence: number
  readonly firstBackOff: number
  readonly longestBackOff: number
  /** Back-off begins anew after so long without a fault. */
  readonly health: number
  /** Until an optional kind that was not there is asked for again. */
  readonly absence: number
}
const usual: Timing = { silence: 150_000, firstBackOff: 800, longestBackOff: 30_000, health: 120_000, absence: 15_000 }

export interface ReflectorListener<T> {
  applied(value: T, key: string): void
  deleted(value: T, key: string): void
  /** `isFollowed` turned. */
  sight?(): void
  /** A whole list is in and told: what was there when it was asked for, at this instant of the monotonic clock, is in it. */
  listed?(askedAt: number): void
}

interface Entry<T> { readonly uid: string, readonly version: string, readonly value: T }

const pageSize = 500

/** The objects of a kind as a server has them: a list, then a watch, for as long as it is wanted. Whatever breaks is taken up again; what was missed meanwhile is told. */
export class Reflector<T> {
  readonly #parts: ReflectorParts
  readonly #of: Reflected<T>
  readonly #timing: Timing
  readonly #entries = new Map<string, Entry<T>>()
  readonly #listeners = new Set<ReflectorListener<T>>()
  #version: string | undefined
  #faults = 0
  #lastFaultAt = -Infinity
  #fault: unknown
  #isSynced = false
  #onSynced: () => void = () => undefined
  /** Resolves when the first list is in. */
  readonly synced = new Promise<void>(resolve => { this.#onSynced = resolve })

  constructor (parts: ReflectorParts, reflected: Reflected<T>) {
    this.#parts = parts
    this.#of = reflected
    this.#timing = { ...usual, ...reflected.timing }
  }

  /** Why the server is not followed just now, since when what is kept may be out of date; undefined while it is. */
  get fault (): unknown { return this.#fault }

  /** Whether what is kept is what the server has, but for the time that news takes. */
  get isFollowed (): boolean { return this.#isSynced && this.#fault === undefined }

  get size (): number { return this.#entries.size }

  get (namespace: string, name: string): T | undefined { return this.#entries.get(nameKey({ namespace, name }))?.value }

  * values (): Generator<T> { for (const { value } of this.#entries.values()) yield value }

  /** Tells what is there now, and every change, until stopped. A listener that throws harms nobody but itself. */
  listen (listener: ReflectorListener<T>): () => void {
    this.#listeners.add(listener)
    for (const [key, { value }] of this.#entries) this.#guarded(() => listener.applied(value, key))
    return () => { this.#listeners.delete(listener) }
  }

  /** Follows the server until the signal aborts. Never rejects. */
  async run (signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#version === undefined) await this.#list(signal)
        await this.#watch(signal)
      } catch (error) {
        if (!signal.aborted) await this.#parts.clock.sleep(this.#afterFault(error), signal)
      }
    }
    this.#parts.meter?.objects(this.#of.path, -this.#entries.size) // nobody keeps them current any more
  }

  /** Milliseconds to wait. */
  #afterFault (error: unknown): number {
    const { clock, random, log } = this.#parts
    this.#setFault(error)
    if (this.#of.optional === true && error instanceof ApiError && (error.isMissing || (error.status === 403 && this.#version === undefined && this.#entries.size === 0))) { // a right that was lost makes nothing go away
      this.#replaceAll([], undefined)
      return this.#timing.absence
    }
    if (error instanceof ApiError && (error.isGone || error.reason === 'Expired')) {
      this.#version = undefined
      log.debug({ path: this.#of.path }, 'a watch fell behind what the API server keeps; listing anew')
    } else {
      log.warn({ path: this.#of.path, err: errorMessage(error) }, 'lost sight of the API server, looking again')
    }
    this.#parts.meter?.restarts(this.#of.path).inc()
    if (clock.monotonic() - this.#lastFaultAt > this.#timing.health) this.#faults = 0
    this.#lastFaultAt = clock.monotonic()
    const { firstBackOff, longestBackOff } = this.#timing
    const backOff = Math.min(firstBackOff * 2 ** this.#faults++, longestBackOff) * (0.5 + random())
    return Math.max(backOff, error instanceof ApiError ? error.retryAfterMs ?? 0 : 0)
  }

  async #list (signal: AbortSignal): Promise<void> {
    const items: Wire[] = []
    const askedAt = this.#parts.clock.monotonic()
    let next: string | undefined
    do {
      const page: WireList = await this.#parts.http.request<WireList>({ method: 'GET', urgency: 'wake', timeoutMs: 60_000, path: this.#path({ limit: String(pageSize), ...(next === undefined ? {} : { continue: next }) }) })
      items.push(...page.items ?? [])
      next = page.metadata?.continue
      if (signal.aborted) return
      if (next === undefined || next === '') {
        this.#replaceAll(items, page.metadata?.resourceVersion)
        this.#tell(listener => listener.listed?.(askedAt))
      }
    } while (next !== undefined && next !== '')
  }

  #replaceAll (items: readonly Wire[], version: string | undefined): void {
    const present = new Set(items.map(item => nameKey(item.metadata)))
    for (const key of [...this.#entries.keys()]) if (!present.has(key)) this.#remove(key)
    for (const item of items) this.#apply(item)
    this.#version = version
    if (this.#isSynced) return
    this.#isSynced = true
    this.#onSynced()
    if (this.#fault === undefined) this.#tell(listener => listener.sight?.())
  }

  #setFault (fault: unknown): void {
    const before = this.isFollowed
    this.#fault = fault
    if (this.isFollowed !== before) this.#tell(listener => listener.sight?.())
  }

  /** Ends when the server ends it; rejects when it was ended otherwise. What was seen till then is kept. */
  async #watch (signal: AbortSignal): Promise<void> {
    const { http, clock, random } = this.#parts
    const life = new AbortController()
    const letGo = onAbort(signal, () => life.abort())
    const watchdog = new Watchdog(clock, this.#timing.silence, () => life.abort(new ApiError(0, 'Silent', `nothing was heard of ${this.#of.path} for ${this.#timing.silence / 1000} s`)))
    const began = clock.monotonic()
    let events = 0
    try {
      const path = this.#path({ watch: 'true', allowWatchBookmarks: 'true', resourceVersion: this.#version ?? '', timeoutSeconds: String(300 + Math.floor(random() * 300)) })
      const lines = await http.stream(path, life.signal)
      this.#setFault(undefined)
      for await (const line of linesOf(watchdog.watched(lines))) {
        if (signal.aborted) return
        events++
        this.#take(JSON.parse(line) as WireEvent)
      }
    } catch (error) {
      throw life.signal.reason instanceof ApiError ? life.signal.reason : error
    } finally {
      watchdog.stop()
      letGo()
    }
    if (events === 0 && clock.monotonic() - began < 1000) throw new ApiError(0, 'Closed', `the watch of ${this.#of.path} was closed at once`)
  }

  #take ({ type, object }: WireEvent): void {
    switch (type) {
      case 'ERROR': throw new ApiError(object.code ?? 500, object.reason ?? 'Unknown', object.message ?? 'the watch failed', {
        retryAfterMs: object.details?.retryAfterSeconds === undefined ? undefined : object.details.retryAfterSeconds * 1000,
      })
      case 'ADDED':
      case 'MODIFIED': this.#apply(object); break
      case 'DELETED': this.#remove(nameKey(object.metadata)); break
      case 'BOOKMARK': break
    }
    this.#version = object.metadata.resourceVersion ?? this.#version
  }

  /** The same name with another uid is another object. */
  #apply (raw: Wire): void {
    const key = nameKey(raw.metadata)
    const { uid = '', resourceVersion: version = '' } = raw.metadata
    const present = this.#entries.get(key)
    if (present !== undefined && present.uid !== uid) this.#remove(key)
    if (present?.uid === uid && present.version === version) return
    const trimmed = this.#trimmed(raw)
    if (trimmed === undefined) return
    const { value } = trimmed
    if (!this.#entries.has(key)) this.#parts.meter?.objects(this.#of.path, 1)
    this.#entries.set(key, { uid, version, value })
    this.#tell(listener => listener.applied(value, key))
  }

  /** Undefined where it cannot be understood: it stays as it was known, and the others are taken in all the same. */
  #trimmed (raw: Wire): { readonly value: T } | undefined {
    try {
      return { value: this.#of.trim(raw) }
    } catch (error) {
      this.#parts.log.error({ path: this.#of.path, object: nameKey(raw.metadata), err: errorMessage(error) }, 'an object could not be understood; it is left as it was known')
      return undefined
    }
  }

  #remove (key: string): void {
    const present = this.#entries.get(key)
    if (present === undefined) return
    this.#entries.delete(key)
    this.#parts.meter?.objects(this.#of.path, -1)
    this.#tell(listener => listener.deleted(present.value, key))
  }

  #tell (tell: (listener: ReflectorListener<T>) => void): void {
    for (const listener of this.#listeners) this.#guarded(() => tell(listener))
  }

  #guarded (tell: () => void): void {
    try {
      tell()
    } catch (error) {
      this.#parts.log.error({ path: this.#of.path, err: errorMessage(error) }, 'a change could not be taken in')
    }
  }

  #path (query: Readonly<Record<string, string>>): string {
    return `${this.#of.path}?${new URLSearchParams({ ...this.#of.query, ...query }).toString()}`
  }
}
