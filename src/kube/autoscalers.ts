import { refKey, type ObjectRef } from '../runtime/ports.js'
import { eachNamespace, type Namespaces } from './namespaces.js'
import { Reflector, type ReflectorParts } from './reflector.js'
import { collectionPath, type Wire } from './wire.js'

type WireHpa = Wire<{ readonly spec?: { readonly scaleTargetRef?: { readonly apiVersion?: string, readonly kind?: string, readonly name?: string } } }>

/** What is kept of a HorizontalPodAutoscaler. */
export interface Hpa {
  readonly namespace: string
  readonly name: string
  readonly owners: readonly { readonly kind: string, readonly name: string, readonly uid: string }[]
  readonly target: { readonly apiVersion: string, readonly kind: string, readonly name: string }
}

/** HorizontalPodAutoscalers: on a target of theirs we write nothing. */
export class Autoscalers {
  readonly reflectors: readonly Reflector<Hpa>[]
  readonly #byNamespace = new Map<string, Map<string, Hpa>>()
  readonly #listeners = new Set<(namespace: string) => void>()

  constructor (parts: ReflectorParts, namespaces: Namespaces) {
    this.reflectors = eachNamespace(namespaces, namespace => new Reflector(parts, { path: collectionPath('autoscaling/v2', 'horizontalpodautoscalers', namespace), trim }))
    for (const reflector of this.reflectors) reflector.listen({ applied: hpa => this.#took(hpa, hpa), deleted: hpa => this.#took(hpa, undefined) })
  }

  of (namespace: string): readonly Hpa[] { return [...this.#byNamespace.get(namespace)?.values() ?? []] }

  scales (target: ObjectRef): boolean {
    return this.of(target.namespace).some(hpa => refKey({ ...target, ...hpa.target }) === refKey(target))
  }

  /** Calls back with the namespace whenever one of them came, went or changed, until stopped. */
  onChange (listener: (namespace: string) => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  #took (named: Hpa, now: Hpa | undefined): void {
    const { namespace, name } = named
    const some = this.#byNamespace.get(namespace) ?? new Map<string, Hpa>()
    this.#byNamespace.set(namespace, some)
    const before = some.get(name)
    if (now === undefined) some.delete(name)
    else some.set(name, now)
    if (some.size === 0) this.#byNamespace.delete(namespace)
    if (JSON.stringify(before) !== JSON.stringify(now)) for (const listener of this.#listeners) listener(namespace)
  }
}

function trim (raw: Wire): Hpa {
  const { metadata, spec } = raw as WireHpa
  const { apiVersion = '', kind = '', name = '' } = spec?.scaleTargetRef ?? {}
  return { namespace: metadata.namespace ?? '', name: metadata.name ?? '', owners: (metadata.ownerReferences ?? []).map(({ kind: of, name: owner, uid }) => ({ kind: of, name: owner, uid })), target: { apiVersion, kind, name } }
}
