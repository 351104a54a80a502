import { refKey, type ObjectRef, type PodContainer } from '../../runtime/ports.js'
import { consentOf, type Consent } from '../functions/consent.js'
import { labelSelectorOf, type WireSelector } from '../api/label-selector.js'
import { eachNamespace, type Namespaces } from '../api/namespaces.js'
import { Reflector, type ReflectorParts } from '../api/reflector.js'
import { collectionPath, type ObjectMeta, type Wire } from '../api/wire.js'

interface WireContainer {
  readonly name: string
  readonly env?: PodContainer['env']
  readonly envFrom?: PodContainer['envFrom']
  readonly ports?: readonly ContainerPort[]
}
interface ContainerPort { readonly name?: string, readonly containerPort: number }
export interface WirePodTemplate {
  readonly metadata?: ObjectMeta
  readonly spec?: { readonly containers?: readonly WireContainer[] }
}
export type WireWorkload = Wire<{
  readonly spec?: { readonly replicas?: number, readonly template?: WirePodTemplate, readonly selector?: WireSelector }
  readonly status?: { readonly replicas?: number, readonly readyReplicas?: number }
}>

/** What is kept of a Deployment or StatefulSet. */
export interface Workload {
  readonly ref: ObjectRef
  readonly uid: string
  readonly version: string
  /** Counts changes of its spec. */
  readonly generation: number
  readonly replicas: number
  readonly existing: number
  readonly ready: number
  /** Of its pods. */
  readonly labels: Readonly<Record<string, string>>
  /** Which pods are its own, as a list is asked for them; empty where that cannot be said. */
  readonly selector: string
  /** Of its containers; where its pods are called without a Service. */
  readonly ports: readonly ContainerPort[]
  readonly consent: Consent
  /** What credentials are read from. */
  readonly containers: readonly PodContainer[]
}

/** The kinds whose counts are watched; others are read through `/scale`. */
const watched = { Deployment: 'deployments', StatefulSet: 'statefulsets' } as const
type WatchedKind = keyof typeof watched
const apiVersion = 'apps/v1'

/** Whether a target is of a kind that is watched, and its plural; KEDA takes these by kind, whatever the group. */
export const watchedPlural = (target: ObjectRef): string | undefined =>
  target.apiVersion === apiVersion ? (watched as Readonly<Record<string, string>>)[target.kind] : undefined

/** What is kept of an object of the kind. */
export const trimWorkload = (kind: WatchedKind) => (raw: Wire): Workload => {
  const { metadata, spec, status } = raw as WireWorkload
  return {
    ref: { apiVersion, kind, namespace: metadata.namespace ?? '', name: metadata.name ?? '' },
    uid: metadata.uid ?? '', version: metadata.resourceVersion ?? '', generation: metadata.generation ?? 0,
    replicas: spec?.replicas ?? 1, existing: status?.replicas ?? 0, ready: status?.readyReplicas ?? 0,
    labels: spec?.template?.metadata?.labels ?? {}, selector: labelSelectorOf(spec?.selector),
    containers: containersOf(spec?.template),
    ports: (spec?.template?.spec?.containers ?? []).flatMap(c => c.ports ?? []).map(({ name, containerPort }) => name === undefined ? { containerPort } : { name, containerPort }),
    consent: consentOf(metadata),
  }
}

/** The port of its pods that is called where there is no Service: the one of this number or name, or the first. */
export const portOf = ({ ports }: Workload, wanted: number | string | undefined): number | undefined =>
  typeof wanted === 'number' ? wanted : (wanted === undefined ? ports[0] : ports.find(p => p.name === wanted))?.containerPort

/** The part of a pod template that we understand; every container has a name and its environment. */
export const containersOf = (template: WirePodTemplate | undefined): readonly PodContainer[] =>
  (template?.spec?.containers ?? []).map(({ name, env = none, envFrom = none }) => ({ name, env, envFrom }))

const none: readonly never[] = []

/** What a function that stands for it depends on. */
const shapeOf = ({ labels, selector, ports, consent }: Workload): string => JSON.stringify([labels, selector, ports, consent])

/** Every Deployment and StatefulSet of the cluster, or of one namespace: a few hundred bytes each. */
export class Workloads {
  readonly reflectors: readonly Reflector<Workload>[]
  readonly #listeners = new Map<string, Set<(workload: Workload | undefined) => void>>()
  readonly #ofNamespace = new Map<string, Map<string, Workload>>()
  readonly #anyListeners = new Set<(namespace: string) => void>()

  constructor (parts: ReflectorParts, namespaces: Namespaces) {
    const reflectors = (kind: WatchedKind): readonly Reflector<Workload>[] =>
      eachNamespace(namespaces, namespace => new Reflector(parts, { path: collectionPath(apiVersion, watched[kind], namespace), trim: trimWorkload(kind) }))
    this.reflectors = [...reflectors('Deployment'), ...reflectors('StatefulSet')]
    for (const each of this.reflectors) each.listen({ applied: workload => this.#took(workload, workload), deleted: workload => this.#took(workload, undefined) })
  }

  get (target: ObjectRef): Workload | undefined { return this.#ofNamespace.get(target.namespace)?.get(refKey(target)) }

  of (namespace: string): Iterable<Workload> { return this.#ofNamespace.get(namespace)?.values() ?? [] }

  * all (): Generator<Workload> { for (const some of this.#ofNamespace.values()) yield * some.values() }

  /** Calls back after every change of one, until stopped. */
  onChange (target: ObjectRef, listener: (workload: Workload | undefined) => void): () => void {
    const key = refKey(target)
    const listeners = this.#listeners.get(key) ?? new Set()
    this.#listeners.set(key, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0) this.#listeners.delete(key)
    }
  }

  /** Calls back when one came, went, or has other labels, ports or annotations, until stopped. */
  onShape (listener: (namespace: string) => void): () => void {
    this.#anyListeners.add(listener)
    return () => { this.#anyListeners.delete(listener) }
  }

  #took (named: Workload, now: Workload | undefined): void {
    const key = refKey(named.ref)
    const { namespace } = named.ref
    const some = this.#ofNamespace.get(namespace) ?? new Map<string, Workload>()
    this.#ofNamespace.set(namespace, some)
    const before = some.get(key)
    if (now === undefined) some.delete(key)
    else some.set(key, now)
    if (some.size === 0) this.#ofNamespace.delete(namespace)
    for (const listener of this.#listeners.get(key) ?? []) listener(now)
    if (before === undefined || now === undefined || shapeOf(before) !== shapeOf(now)) for (const listener of this.#anyListeners) listener(namespace)
  }
}
