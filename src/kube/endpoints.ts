import type { Endpoint, EndpointSource, FunctionRef, FunctionState } from '../runtime/ports.js'
import { FunctionPods, urlOf } from './function-pods.js'
import { eachNamespace, type Namespaces } from './namespaces.js'
import { Reflector, type ReflectorParts } from './reflector.js'
import { collectionPath, nameKey, type Wire } from './wire.js'
import type { Workload, Workloads } from './workloads.js'

interface ServicePort { readonly name?: string, readonly port: number }
type WireService = Wire<{ readonly spec?: { readonly selector?: Readonly<Record<string, string>>, readonly ports?: readonly ServicePort[] } }>
type WireSlice = Wire<{
  readonly ports?: readonly { readonly name?: string, readonly port?: number }[] | null
  readonly endpoints?: readonly {
    readonly addresses: readonly string[]
    readonly conditions?: { readonly ready?: boolean, readonly serving?: boolean, readonly terminating?: boolean }
    readonly targetRef?: { readonly name?: string }
  }[] | null
}>

interface Service { readonly selector: Readonly<Record<string, string>>, readonly ports: readonly ServicePort[] }
interface Address { readonly id: string, readonly address: string, readonly isReady: boolean, readonly isServing: boolean }
interface Slice { readonly service: string, readonly ports: ReadonlyMap<string, number>, readonly addresses: readonly Address[] }

const serviceLabel = 'kubernetes.io/service-name'

/** Ready addresses of functions: pods behind a Service by its EndpointSlices; those of a Deployment without one by the pods themselves. */
export class KubeEndpoints implements EndpointSource {
  readonly #parts: ReflectorParts
  readonly #workloads: Workloads
  readonly reflectors: readonly (Reflector<Service> | Reflector<Slice>)[]
  readonly #services = new Map<string, Service>()
  readonly #slicesOf = new Map<string, Map<string, Slice>>()
  readonly #watched = new Set<Watched>()

  constructor (parts: ReflectorParts, workloads: Workloads, namespaces: Namespaces) {
    this.#parts = parts
    this.#workloads = workloads
    const services = eachNamespace(namespaces, namespace => new Reflector(parts, { path: collectionPath('v1', 'services', namespace), trim: trimService }))
    const slices = eachNamespace(namespaces, namespace => new Reflector(parts, { path: collectionPath('discovery.k8s.io/v1', 'endpointslices', namespace), trim: trimSlice }))
    for (const each of services) each.listen({ applied: (service, key) => this.#serviceIs(key, service), deleted: (_, key) => this.#serviceIs(key, undefined) })
    for (const each of slices) each.listen({ applied: (slice, key) => this.#sliceIs(slice, key, slice), deleted: (slice, key) => this.#sliceIs(slice, key, undefined) })
    this.reflectors = [...services, ...slices]
    workloads.onShape(namespace => { for (const watched of this.#watched) if (watched.fn.namespace === namespace) watched.look() })
  }

  watch (fn: FunctionRef, listener: (state: FunctionState | undefined) => void): () => void {
    const watched: Watched = new Watched(fn, () => this.#stateOf(fn, watched), listener)
    this.#watched.add(watched)
    watched.look()
    return () => {
      this.#watched.delete(watched)
      watched.stop()
    }
  }

  /** What is behind a function's name: what its Service selects, or the workload of that name. */
  workloadOf (fn: FunctionRef): Workload | undefined {
    const service = this.#services.get(nameKey(fn))
    const all = [...this.#workloads.of(fn.namespace)]
    if (service === undefined) return all.find(w => w.ref.name === fn.name && w.ref.kind === 'Deployment')
    const selector = Object.entries(service.selector)
    return selector.length === 0 ? undefined : all.find(w => selector.every(([key, value]) => w.labels[key] === value))
  }

  #stateOf (fn: FunctionRef, watched: Watched): FunctionState | undefined {
    const service = this.#services.get(nameKey(fn))
    const workload = this.workloadOf(fn)
    if (service !== undefined) {
      watched.stop()
      return { target: workload?.ref, endpoints: this.#behind(fn, service) }
    }
    if (workload === undefined) return undefined
    const port = typeof fn.port === 'number' ? fn.port : workload.port
    if (port === undefined) return { target: workload.ref, endpoints: [] }
    watched.pods ??= new FunctionPods(this.#parts, workload, port, () => watched.look())
    return { target: workload.ref, endpoints: watched.pods.endpoints }
  }

  /** Those that are ready; where none is, those that still serve while they end. An address may stand in two slices for a moment. */
  #behind ({ namespace, name, port }: FunctionRef, { ports }: Service): readonly Endpoint[] {
    const portName = (port === undefined ? ports[0] : ports.find(p => p.port === port || p.name === port))?.name ?? ''
    const found = [...this.#slicesOf.get(nameKey({ namespace, name }))?.values() ?? []].flatMap(slice => {
      const number = slice.ports.get(portName)
      return number === undefined ? [] : slice.addresses.map(each => ({ ...each, number }))
    })
    const ready = found.filter(each => each.isReady)
    const usable = ready.length > 0 ? ready : found.filter(each => each.isServing)
    return [...new Map(usable.map(each => [each.id, { id: each.id, url: urlOf(each.address, each.number) }])).values()]
  }

  #serviceIs (key: string, now: Service | undefined): void {
    if (now === undefined) this.#services.delete(key)
    else this.#services.set(key, now)
    this.#changed(key)
  }

  #sliceIs (named: Slice, key: string, now: Slice | undefined): void {
    const service = nameKey({ namespace: key.slice(0, key.indexOf('/')), name: named.service })
    const slices = this.#slicesOf.get(service) ?? new Map<string, Slice>()
    this.#slicesOf.set(service, slices)
    if (now === undefined) slices.delete(key)
    else slices.set(key, now)
    if (slices.size === 0) this.#slicesOf.delete(service)
    this.#changed(service)
  }

  #changed (service: string): void {
    for (const watched of this.#watched) if (nameKey(watched.fn) === service) watched.look()
  }
}

/** One who wants to know, and what he was told last. */
class Watched {
  pods: FunctionPods | undefined
  #told: string | undefined

  constructor (readonly fn: FunctionRef, private readonly state: () => FunctionState | undefined, private readonly listener: (state: FunctionState | undefined) => void) {}

  look (): void {
    const state = this.state()
    const text = JSON.stringify(state) ?? ''
    if (text === this.#told) return
    this.#told = text
    this.listener(state)
  }

  stop (): void {
    this.pods?.stop()
    this.pods = undefined
  }
}

const trimService = (raw: Wire): Service => {
  const { spec } = raw as WireService
  return { selector: spec?.selector ?? {}, ports: (spec?.ports ?? []).map(({ name, port }) => ({ port, ...(name === undefined ? {} : { name }) })) }
}

function trimSlice (raw: Wire): Slice {
  const { metadata, ports, endpoints } = raw as WireSlice
  return {
    service: metadata.labels?.[serviceLabel] ?? '',
    ports: new Map((ports ?? []).flatMap(({ name = '', port }) => port === undefined ? [] : [[name, port]])),
    addresses: (endpoints ?? []).flatMap(({ addresses: [address], conditions = {}, targetRef }) => address === undefined ? [] : [{
      id: targetRef?.name ?? address, address, isReady: conditions.ready ?? true, isServing: conditions.serving ?? conditions.ready ?? true,
    }]),
  }
}
