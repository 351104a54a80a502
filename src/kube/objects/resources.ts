import { readResource, type AdmissionNeighbours, type Resource } from '../../api/index.js'
import { errorMessage } from '../../core/errors.js'
import { names } from '../../core/names.js'
import { formatProblem, type Origin, type Parsed } from '../../spec/index.js'
import { isMapping } from '../../spec/read.js'
import { refKey, type Log, type ObjectRef, type ResourceListener, type ResourceSource } from '../../runtime/ports.js'
import { isKedas, standingOf, type KedaMode, type Standing } from '../targets/adoption.js'
import type { Autoscalers } from '../targets/autoscalers.js'
import { resourceKey, servedKinds, trimResource, type CustomResource } from './custom-resource.js'
import type { Finalizers } from './finalizers.js'
import { KedaOperators } from '../targets/keda-operators.js'
import { eachNamespace, type Namespaces } from '../api/namespaces.js'
import { Reflector, type ReflectorParts } from '../api/reflector.js'
import { collectionPath } from '../api/wire.js'
import type { Workloads } from '../targets/workloads.js'

export interface ResourcesParts extends ReflectorParts {
  readonly log: Log
  readonly autoscalers: Autoscalers
  readonly workloads: Workloads
  readonly namespaces: Namespaces
  /** Only watches: every object is looked at as if it were ours. */
  readonly shadow: boolean
  readonly keda: KedaMode
  /** What problems call the cluster. */
  readonly cluster: string
}

/** An object, and whose it is. */
export interface ObjectStanding { readonly ref: ObjectRef, readonly standing: Standing, readonly parsed: Parsed<Resource> }

/** Milliseconds between two tellings of what changed; the first is told at once. */
const gatherMs = 200

/** ScaledObjects, ScaledJobs, authentications and Triggers of both groups, as far as their kinds are installed. */
export class KubeResources implements ResourceSource {
  readonly #parts: ResourcesParts
  readonly #origin: Origin
  readonly #reflectors: readonly Reflector<CustomResource>[]
  readonly #all = new Map<string, CustomResource>()
  readonly #kedaOperators: KedaOperators
  #listener: ResourceListener | undefined
  /** What the listener was told last of an object. */
  readonly #told = new Map<string, string>()
  readonly #saidForeign = new Map<string, string>()
  readonly #changed = new Set<string>()
  /** By uid, of objects that end: resolves when the listener has let go of one, however often it is looked at. */
  readonly #released = new Map<string, Promise<void>>()
  #saidAt = -Infinity
  #finalizers: Finalizers | undefined

  constructor (parts: ResourcesParts) {
    this.#parts = parts
    this.#origin = { kind: 'cluster', cluster: parts.cluster }
    this.#reflectors = servedKinds.flatMap(({ apiVersion, kind, plural, scope }) => eachNamespace(scope === 'Cluster' ? [] : parts.namespaces, namespace => new Reflector(parts, {
      path: collectionPath(apiVersion, plural, namespace), trim: trimResource(apiVersion, kind, plural), optional: true,
    })))
    for (const reflector of this.#reflectors) reflector.listen({ applied: resource => this.#came(resource), deleted: resource => this.#went(resource) })
    parts.autoscalers.onChange(hpa => this.#considerAll(resource => resource.ref.namespace === hpa.namespace && isKedas(hpa, resource)))
    this.#kedaOperators = new KedaOperators(parts, parts.workloads, parts.namespaces, () => this.#considerAll())
  }

  /** Who puts finalizers on objects and takes them off. */
  tendWith (finalizers: Finalizers): void { this.#finalizers = finalizers }

  get reflectors (): readonly Reflector<CustomResource>[] { return this.#reflectors }

  /** Of KEDA, as far as we may see it. */
  get kedaOperators (): KedaOperators { return this.#kedaOperators }

  get (ref: ObjectRef): CustomResource | undefined { return this.#all.get(resourceKey(ref)) }

  of (kind: string, namespace: string, name: string): CustomResource | undefined {
    return servedKinds.filter(k => k.kind === kind).map(({ apiVersion }) => this.#all.get(resourceKey({ apiVersion, kind, namespace, name })))
      .find(found => found !== undefined && this.#rivalOf(found) === undefined)
  }

  /** What stands in a namespace, as the rules of admission ask for it. */
  neighboursIn (namespace: string): AdmissionNeighbours {
    const scaledObjects = [...this.#all.values()].filter(({ ref, isEnding }) => ref.kind === 'ScaledObject' && ref.namespace === namespace && !isEnding)
    return { scaledObjects: scaledObjects.map(resource => resource.wanted), hpas: this.#parts.autoscalers.of(namespace) }
  }

  /** Whether an object that is about to be written is one that we leave to KEDA, or do not look at. */
  isOthers (raw: Readonly<Record<string, unknown>>): boolean {
    const served = servedKinds.find(({ apiVersion, kind }) => apiVersion === raw['apiVersion'] && kind === raw['kind'])
    if (served === undefined || !isMapping(raw['metadata'])) return true
    const resource = trimResource(served.apiVersion, served.kind, served.plural)({ ...raw, metadata: raw['metadata'] })
    const { namespace } = resource.ref
    if (namespace !== '' && this.#parts.namespaces.length > 0 && !this.#parts.namespaces.includes(namespace)) return true
    return !this.isOurs(resource)
  }

  /** Whether nobody else looks after it. */
  isOurs (resource: CustomResource): boolean {
    return isScaled(resource.ref) ? this.standing(resource).kind === 'ours' : resource.ref.apiVersion !== names.kedaApiVersion || this.#kedaOperators.run === false
  }

  /** What counts, of both groups, and by which triggers it is scaled. */
  * registered (): Generator<{ readonly kind: string, readonly namespace: string, readonly name: string, readonly triggers: readonly { readonly type: string, readonly name: string }[] }> {
    for (const resource of this.#all.values()) {
      if (this.#rivalOf(resource) !== undefined) continue
      const { ref: { kind, namespace, name }, wanted: { spec } } = resource
      const written: readonly unknown[] = isMapping(spec) && Array.isArray(spec['triggers']) ? spec['triggers'] : []
      const text = (value: unknown): string => typeof value === 'string' ? value : ''
      yield { kind, namespace, name, triggers: written.flatMap(trigger => isMapping(trigger) ? [{ type: text(trigger['type']), name: text(trigger['name']) }] : []) }
    }
  }

  /** What each object is to us now. Those that are ending, and those of KEDA's group that ours stand in for, are nothing. */
  standings (): readonly ObjectStanding[] {
    return [...this.#all.values()].filter(resource => !resource.isEnding && this.#rivalOf(resource) === undefined).map(resource => {
      const parsed = readResource(resource.wanted, this.#origin)
      return { ref: resource.ref, parsed, standing: this.standing(resource) }
    })
  }

  values (): Iterable<CustomResource> { return this.#all.values() }

  /** Everything is known already when this is called: it is told at once. One listener at a time. */
  async watch (listener: ResourceListener, signal: AbortSignal): Promise<void> {
    this.#told.clear()
    this.#released.clear()
    this.#listener = listener
    for (const resource of this.#all.values()) this.#considerSafely(resource)
    listener.synced()
    await new Promise<void>(resolve => {
      if (signal.aborted) return resolve()
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    this.#listener = undefined
  }

  /** Tells every object that is ours again, as if it were new. */
  tellAgain (): void {
    for (const key of this.#told.keys()) this.#told.set(key, '') // still told of: one that goes meanwhile is told to be gone
    this.#considerAll()
  }

  #came (resource: CustomResource): void {
    this.#all.set(resourceKey(resource.ref), resource)
    this.#considerSoon(resource)
  }

  #went (resource: CustomResource): void {
    this.#all.delete(resourceKey(resource.ref))
    this.#released.delete(resource.uid)
    this.#leave(resource)
    const heir = this.of(resource.ref.kind, resource.ref.namespace, resource.ref.name)
    if (heir !== undefined) this.#considerSoon(heir)
  }

  #considerAll (concerned: (resource: CustomResource) => boolean = () => true): void {
    for (const resource of this.#all.values()) if (concerned(resource)) this.#considerSoon(resource)
  }

  /** Looks at an object again, though nothing of it changed. */
  again ({ ref }: CustomResource): void {
    const resource = this.#all.get(resourceKey(ref))
    if (resource !== undefined) this.#considerSoon(resource)
  }

  /** What comes in one breath is told in one: whoever hears it goes over all objects each time. */
  #considerSoon ({ ref }: CustomResource): void {
    if (this.#listener === undefined) return
    this.#changed.add(resourceKey(ref))
    if (this.#changed.size > 1) return
    this.#parts.clock.after(this.#saidAt + gatherMs - this.#parts.clock.monotonic(), () => this.#considerChanged())
  }

  #considerChanged (): void {
    this.#saidAt = this.#parts.clock.monotonic()
    const changed = [...this.#changed]
    this.#changed.clear()
    for (const key of changed) {
      const resource = this.#all.get(key)
      if (resource !== undefined) this.#considerSafely(resource)
    }
  }

  /** One that cannot be dealt with holds up no other. */
  #considerSafely (resource: CustomResource): void {
    try {
      this.#consider(resource)
    } catch (error) {
      const key = resourceKey(resource.ref)
      if (this.#told.has(key)) this.#told.set(key, '') // whatever was heard of it, it is told anew, and that it went
      this.#parts.log.error({ object: refKey(resource.ref), err: errorMessage(error) }, 'an object could not be taken in; it is looked at again when it changes')
    }
  }

  /** Tells the listener what an object is to us now, where that is another thing than before. */
  #consider (resource: CustomResource): void {
    const listener = this.#listener
    if (listener === undefined) return
    const { ref, isEnding } = resource
    const standing = this.standing(resource)
    if (isEnding) return this.#end(resource, standing)
    if (this.#rivalOf(resource) !== undefined) return this.#leave(resource)
    this.#finalizers?.tend(resource, standing)
    if (standing.kind === 'foreign' && isScaled(ref)) {
      if (standing.forMs === undefined) this.#sayForeign(resource, standing.why)
      else this.#parts.clock.after(standing.forMs, () => this.again(resource))
      if (this.#told.delete(resourceKey(ref))) listener.left?.(ref)
      return
    }
    this.#saidForeign.delete(resourceKey(ref))
    const telling = `${resource.uid} ${resource.fingerprint}`
    if (this.#told.get(resourceKey(ref)) === telling) return
    this.#told.set(resourceKey(ref), telling)
    const parsed = readResource(resource.wanted, this.#origin)
    if (!parsed.ok) return listener.refused(ref, parsed.problems)
    for (const problem of parsed.problems) this.#parts.log.warn({ object: refKey(ref) }, formatProblem(problem))
    listener.applied(parsed.value)
  }

  /** Whose an object is, as the caches have it at this instant. */
  standing (resource: CustomResource): Standing {
    if (this.#parts.shadow) return { kind: 'ours' }
    return standingOf(resource, { mode: this.#parts.keda, hpas: this.#parts.autoscalers.of(resource.ref.namespace), kedaRuns: this.#kedaOperators.run, now: this.#parts.clock.now() })
  }

  /** Whoever waits for it with a finalizer gives its target back once our loops have let go. */
  #end (resource: CustomResource, standing: Standing): void {
    if (this.#finalizers?.isHeld(resource, standing) !== true) return this.#leave(resource)
    const released = this.#released.get(resource.uid) ?? this.#release(resource)
    this.#released.set(resource.uid, released)
    this.#finalizers.end(resource, standing, released)
  }

  #release ({ ref }: CustomResource): Promise<void> {
    return new Promise(resolve => {
      if (this.#told.delete(resourceKey(ref))) this.#listener?.deleted(ref, resolve)
      else resolve()
    })
  }

  /** Of two objects of one kind and name in KEDA's group and in ours, ours counts. */
  #rivalOf ({ ref }: CustomResource): CustomResource | undefined {
    return ref.apiVersion === names.apiVersion ? undefined : this.#all.get(resourceKey({ ...ref, apiVersion: names.apiVersion }))
  }

  #sayForeign ({ ref, uid }: CustomResource, why: string): void {
    const key = resourceKey(ref)
    const said = `${uid} ${why}`
    if (this.#saidForeign.get(key) === said) return
    this.#saidForeign.set(key, said)
    this.#parts.log.info({ object: refKey(ref), why }, 'left to KEDA; the annotation tidegate.dev/claim hands it over')
  }

  #leave ({ ref }: CustomResource): void {
    if (this.#told.delete(resourceKey(ref))) this.#listener?.deleted(ref)
    if (!this.#all.has(resourceKey(ref))) this.#saidForeign.delete(resourceKey(ref))
  }
}

const isScaled = ({ kind }: ObjectRef): boolean => kind === 'ScaledObject' || kind === 'ScaledJob'
