import { refKey, type Clock, type Log, type ObjectRef, type ScaleTarget, type TargetState } from '../../runtime/ports.js'
import { ApiError } from '../api/api-error.js'
import type { Discovery, Served } from '../api/discovery.js'
import type { KubeHttp } from '../api/http.js'
import { OtherKind, type Seen } from './other-kind.js'
import type { PodCosts } from './pod-costs.js'
import { objectPath, type WireScale } from '../api/wire.js'
import { watchedPlural, type Workload, type Workloads } from './workloads.js'
import type { Writer } from '../api/writer.js'

export interface ScaleTargetParts {
  readonly http: KubeHttp
  readonly writer: Writer
  readonly workloads: Workloads
  readonly discovery: Discovery
  readonly podCosts: PodCosts
  readonly clock: Clock
  readonly log: Log
}

/** Times that a write is tried against a target whose version moves on while its count stays. */
const tries = 4

/** Counts of anything with a scale subresource: watched, and set by one conditional PATCH of it. */
export class KubeScaleTarget implements ScaleTarget {
  readonly #parts: ScaleTargetParts
  readonly #listeners = new Map<string, Set<(state: TargetState | undefined, lacksScale?: boolean) => void>>()
  readonly #watches = new Map<string, () => void>()
  readonly #others = new Map<string, OtherKind>()
  /** What our last write made of a target, until the watch has caught up with it. */
  readonly #written = new Map<string, Seen>()

  constructor (parts: ScaleTargetParts) { this.#parts = parts }

  watch (target: ObjectRef, listener: (state: TargetState | undefined, lacksScale?: boolean) => void): () => void {
    const key = refKey(target)
    const listeners = this.#listeners.get(key) ?? new Set()
    this.#listeners.set(key, listeners.add(listener))
    if (!this.#watches.has(key)) this.#watches.set(key, this.#follow(target))
    listener(this.#seen(target)?.state, this.#others.get(key)?.lacksScale)
    return () => {
      listeners.delete(listener)
      if (listeners.size > 0) return
      this.#listeners.delete(key)
      this.#watches.get(key)?.()
      this.#watches.delete(key)
      this.#others.delete(key)
      this.#written.delete(key)
    }
  }

  /** Rejects where somebody else changed the count meanwhile: it is told to the listeners, who decide anew. */
  async set (target: ObjectRef, replicas: number, busy: ReadonlySet<string>): Promise<void> {
    const decidedOn = this.#seen(target)
    if (decidedOn === undefined) throw new ApiError(404, 'NotFound', `${refKey(target)} does not exist`)
    const rises = replicas > decidedOn.state.spec
    if (!rises) await this.#parts.podCosts.beforeLowering(target, replicas, busy)
    const served = await this.#served(target)
    let { version } = decidedOn
    for (let attempt = 1; ; attempt++) {
      try {
        return this.#took(target, decidedOn, await this.#patch(target, served, replicas, version, rises))
      } catch (error) {
        if (!(error instanceof ApiError) || !error.isConflict || attempt === tries) throw error
        version = await this.#versionNow(target, served, decidedOn)
      }
    }
  }

  #patch (target: ObjectRef, { plural }: Pick<Served, 'plural'>, replicas: number, resourceVersion: string, rises: boolean): Promise<WireScale | undefined> {
    return this.#parts.writer.write<WireScale>({
      method: 'PATCH', urgency: rises ? 'wake' : 'down', body: { metadata: { resourceVersion }, spec: { replicas } },
      path: `${objectPath(target.apiVersion, plural, target.namespace, target.name, 'scale')}?fieldManager=tidegate`,
    })
  }

  /** After a conflict: the version to go on with where only something else of the target changed; the count decides anew where it did. */
  async #versionNow (target: ObjectRef, { plural }: Pick<Served, 'plural'>, decidedOn: Seen): Promise<string> {
    const now = await this.#parts.http.request<WireScale>({ method: 'GET', urgency: 'wake', path: objectPath(target.apiVersion, plural, target.namespace, target.name, 'scale') })
    const spec = now.spec?.replicas ?? 0
    if (spec === decidedOn.state.spec) return now.metadata.resourceVersion ?? ''
    this.#written.set(refKey(target), { ...decidedOn, generation: decidedOn.generation + 1, version: now.metadata.resourceVersion ?? '', state: { ...decidedOn.state, spec } })
    this.#tell(target)
    throw new ApiError(409, 'Conflict', `somebody else set ${refKey(target)} to ${spec} meanwhile`)
  }

  /** The watch is behind what we wrote ourselves: until it shows it, our own answer counts. */
  #took (target: ObjectRef, decidedOn: Seen, answer: WireScale | undefined): void {
    if (answer === undefined) return
    const state = { ...decidedOn.state, spec: answer.spec?.replicas ?? 0 }
    this.#written.set(refKey(target), { state, version: answer.metadata.resourceVersion ?? '', generation: decidedOn.generation + 1 })
    this.#others.get(refKey(target))?.wrote(answer)
    this.#tell(target)
  }

  #seen (target: ObjectRef): Seen | undefined {
    const key = refKey(target)
    const cached = this.#cached(target)
    const written = this.#written.get(key)
    if (cached === undefined) this.#written.delete(key)
    if (cached === undefined || written === undefined) return cached
    if (cached.generation >= written.generation || cached.version === written.version) {
      this.#written.delete(key)
      return cached
    }
    return { ...written, state: { ...cached.state, spec: written.state.spec } }
  }

  #cached (target: ObjectRef): Seen | undefined {
    if (watchedPlural(target) === undefined) return this.#others.get(refKey(target))?.seen
    const workload = this.#parts.workloads.get(target)
    return workload === undefined ? undefined : seenOf(workload)
  }

  async #served (target: ObjectRef): Promise<Pick<Served, 'plural'>> {
    const plural = watchedPlural(target)
    if (plural !== undefined) return { plural }
    const served = await this.#parts.discovery.find(target.apiVersion, target.kind)
    if (served === undefined) throw new ApiError(404, 'NotFound', `the cluster has no kind ${target.apiVersion} ${target.kind}`)
    return served
  }

  #follow (target: ObjectRef): () => void {
    if (watchedPlural(target) !== undefined) return this.#parts.workloads.onChange(target, () => this.#tell(target))
    const other = new OtherKind(target, this.#parts, () => this.#tell(target))
    this.#others.set(refKey(target), other)
    return () => other.stop()
  }

  #tell (target: ObjectRef): void {
    const state = this.#seen(target)?.state
    for (const listener of this.#listeners.get(refKey(target)) ?? []) listener(state, this.#others.get(refKey(target))?.lacksScale)
  }
}

const seenOf = ({ replicas, existing, ready, version, generation }: Workload): Seen => ({ state: { spec: replicas, status: existing, ready }, version, generation })
