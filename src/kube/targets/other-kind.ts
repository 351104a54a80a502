import { errorMessage } from '../../core/errors.js'
import { refKey, type Clock, type Log, type ObjectRef, type TargetState } from '../../runtime/ports.js'
import type { Discovery } from '../api/discovery.js'
import type { KubeHttp } from '../api/http.js'
import { objectPath, type WireScale } from '../api/wire.js'

/** What a count is decided on, and the version that a write of it names. `generation` grows whenever the count changes. */
export interface Seen { readonly state: TargetState, readonly version: string, readonly generation: number }

/** A count that nobody tells us about is read again after this; our own writes are known at once. */
const readEveryMs = 15_000

/** A target of a kind that is not watched: its scale subresource, read now and then. */
export class OtherKind {
  seen: Seen | undefined
  /** Its kind is there and cannot be scaled. */
  lacksScale = false
  readonly #target: ObjectRef
  readonly #parts: { readonly http: KubeHttp, readonly discovery: Discovery, readonly clock: Clock, readonly log: Log }
  readonly #onChange: () => void
  readonly #stopping = new AbortController()
  #reads = 0

  constructor (target: ObjectRef, parts: { readonly http: KubeHttp, readonly discovery: Discovery, readonly clock: Clock, readonly log: Log }, onChange: () => void) {
    this.#target = target
    this.#parts = parts
    this.#onChange = onChange
    void this.#run()
  }

  stop (): void { this.#stopping.abort() }

  /** What our own write was answered with. */
  wrote (scale: WireScale): void { this.#took(scale) }

  async #run (): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      try {
        const scale = await this.#read()
        if (!signal.aborted) this.#took(scale)
      } catch (error) {
        this.#parts.log.warn({ target: refKey(this.#target), err: errorMessage(error) }, 'the scale subresource cannot be read')
      }
      await this.#parts.clock.sleep(readEveryMs, signal)
    }
  }

  async #read (): Promise<WireScale | undefined> {
    const { apiVersion, kind, namespace, name } = this.#target
    const served = await this.#parts.discovery.find(apiVersion, kind)
    const lacked = this.lacksScale
    this.lacksScale = served?.scalable === false
    if (this.lacksScale !== lacked) this.#onChange()
    if (served === undefined || !served.scalable) return undefined
    return this.#parts.http.find<WireScale>(objectPath(apiVersion, served.plural, namespace, name, 'scale'))
  }

  /** Readiness is not part of a Scale: what exists counts as ready. */
  #took (scale: WireScale | undefined): void {
    const before = JSON.stringify(this.seen?.state)
    const { spec, status, metadata } = scale ?? { metadata: {} }
    const existing = status?.replicas ?? 0
    this.seen = scale === undefined ? undefined
      : { state: { spec: spec?.replicas ?? 0, status: existing, ready: existing }, version: metadata.resourceVersion ?? '', generation: ++this.#reads }
    if (JSON.stringify(this.seen?.state) !== before) this.#onChange()
  }
}
