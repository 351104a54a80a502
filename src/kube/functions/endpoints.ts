import { refKey, type EndpointSource, type FunctionRef, type FunctionState } from '../../runtime/ports.js'
import type { Autoscalers } from '../targets/autoscalers.js'
import { isAllowed, notAllowed } from './consent.js'
import type { Discovery } from '../api/discovery.js'
import { FunctionPods, urlOf } from './function-pods.js'
import { KnativeServices } from './knative.js'
import type { Namespaces } from '../api/namespaces.js'
import type { Reflector, ReflectorParts } from '../api/reflector.js'
import { Services, type Service } from './services.js'
import { nameKey } from '../api/wire.js'
import { portOf, type Workload, type Workloads } from '../targets/workloads.js'

export interface EndpointsParts extends ReflectorParts {
  readonly workloads: Workloads
  readonly autoscalers: Autoscalers
  readonly discovery: Discovery
  readonly namespaces: Namespaces
}

/** Ready addresses of functions: pods behind a Service by its EndpointSlices; those of a Deployment by the pods themselves; Knative's own address of its Services. */
export class KubeEndpoints implements EndpointSource {
  readonly #parts: EndpointsParts
  readonly #services: Services
  readonly #knative: KnativeServices
  readonly #watched = new Set<Watched>()

  constructor (parts: EndpointsParts) {
    this.#parts = parts
    this.#services = new Services(parts, parts.namespaces, service => this.#look(fn => nameKey(fn) === service))
    this.#knative = new KnativeServices(parts, parts.discovery, parts.namespaces, () => this.#look(fn => fn.kind === 'KnativeService'))
    const inNamespace = (namespace: string): void => this.#look(fn => fn.namespace === namespace)
    parts.workloads.onShape(inNamespace)
    parts.autoscalers.onChange(({ namespace }) => inNamespace(namespace))
  }

  get reflectors (): readonly Reflector<unknown>[] { return this.#services.reflectors }

  watch (fn: FunctionRef, listener: (state: FunctionState | undefined) => void): () => void {
    const leaveKnative = fn.kind === 'KnativeService' ? this.#knative.use() : undefined
    const watched: Watched = new Watched(fn, () => this.#stateOf(fn, watched), listener)
    this.#watched.add(watched)
    watched.look()
    return () => {
      this.#watched.delete(watched)
      watched.stop()
      leaveKnative?.()
    }
  }

  /** What would be scaled for a function: the one that its Service selects, or the Deployment of that name. Undefined where whoever asks may not. */
  workloadOf (fn: FunctionRef): Workload | undefined {
    const service = this.#serviceOf(fn)
    const [workload, ...others] = this.#behind(fn, service)
    return workload !== undefined && others.length === 0 && isAllowed(fn, service?.consent ?? workload.consent) ? workload : undefined
  }

  #serviceOf ({ namespace, name, kind }: FunctionRef): Service | undefined {
    return kind === 'Deployment' || kind === 'KnativeService' ? undefined : this.#services.get(namespace, name)
  }

  /** In order of kind and name, so that whoever asks gets the same. */
  #behind ({ namespace, name, kind }: FunctionRef, service: Service | undefined): readonly Workload[] {
    if (kind === 'KnativeService' || (kind === 'Service' && service === undefined)) return []
    const { workloads } = this.#parts
    if (service === undefined) {
      const named = workloads.get({ apiVersion: 'apps/v1', kind: 'Deployment', namespace, name })
      return named === undefined ? [] : [named]
    }
    const selector = Object.entries(service.selector)
    if (selector.length === 0) return []
    return [...workloads.of(namespace)].filter(({ labels }) => selector.every(([key, value]) => labels[key] === value)).sort((a, b) => refKey(a.ref) < refKey(b.ref) ? -1 : 1)
  }

  #stateOf (fn: FunctionRef, watched: Watched): FunctionState | undefined {
    if (fn.kind === 'KnativeService') return this.#knative.stateOf(fn)
    const service = this.#serviceOf(fn)
    const all = this.#behind(fn, service)
    const [workload] = all
    const consent = (service ?? workload)?.consent
    if (consent === undefined || service !== undefined || !isAllowed(fn, consent)) watched.stop()
    if (consent === undefined) return undefined
    if (!isAllowed(fn, consent)) return notAllowed(fn)
    if (service === undefined && workload?.selector === '') {
      watched.stop()
      return { target: workload.ref, endpoints: [], trouble: { reason: 'NoPodSelector', message: `TG_TARGET_NOT_FOUND the selector of ${refKey(workload.ref)} does not say which pods are its own; put a Service before it` } }
    }
    const scaledBy = workload === undefined ? undefined : this.#parts.autoscalers.of(workload.ref.namespace).find(hpa => hpa.target.kind === workload.ref.kind && hpa.target.name === workload.ref.name)
    return {
      target: workload?.ref, ...(scaledBy === undefined ? {} : { scaledBy: `HorizontalPodAutoscaler ${nameKey(scaledBy)}` }),
      ...(all.length > 1 ? { candidates: all.map(({ ref }) => refKey(ref)) } : {}),
      endpoints: service === undefined && workload !== undefined
        ? this.#podsOf(workload, fn, watched)
        : this.#services.addresses(fn.namespace, fn.name, fn.port).map(({ id, address, port }) => ({ id, url: urlOf(address, port) })),
    }
  }

  #podsOf (workload: Workload, fn: FunctionRef, watched: Watched): FunctionState['endpoints'] {
    const port = portOf(workload, fn.port)
    if (port === undefined) {
      watched.stop()
      return []
    }
    return watched.podsAt(JSON.stringify([workload.selector, port]), () => new FunctionPods(this.#parts, workload, port, () => watched.look())).endpoints
  }

  #look (concerns: (fn: FunctionRef) => boolean): void {
    for (const watched of this.#watched) if (concerns(watched.fn)) watched.look()
  }
}

/** One who wants to know, and what he was told last. */
class Watched {
  #pods: { readonly of: string, readonly pods: FunctionPods } | undefined
  #told: string | undefined

  constructor (readonly fn: FunctionRef, private readonly state: () => FunctionState | undefined, private readonly listener: (state: FunctionState | undefined) => void) {}

  look (): void {
    const state = this.state()
    const text = JSON.stringify(state) ?? ''
    if (text === this.#told) return
    this.#told = text
    this.listener(state)
  }

  /** The pods of a workload; another selector or port has others. */
  podsAt (of: string, watch: () => FunctionPods): FunctionPods {
    if (this.#pods?.of !== of) {
      this.stop()
      this.#pods = { of, pods: watch() }
    }
    return this.#pods.pods
  }

  stop (): void {
    this.#pods?.pods.stop()
    this.#pods = undefined
  }
}
