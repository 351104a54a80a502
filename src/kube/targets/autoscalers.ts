import type { ObjectRef } from '../../runtime/ports.js'
import { eachNamespace, type Namespaces } from '../api/namespaces.js'
import { Reflector, type ReflectorParts } from '../api/reflector.js'
import { collectionPath, type Wire } from '../api/wire.js'

type WireHpa = Wire<{ readonly spec?: {
  readonly scaleTargetRef?: { readonly apiVersion?: string, readonly kind?: string, readonly name?: string }
  readonly behavior?: unknown
} }>

/** What is kept of a HorizontalPodAutoscaler. */
export interface Hpa {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  /** Its rates and windows as JSON, where it has any of its own. */
  readonly behavior: string | undefined
  readonly owners: readonly { readonly kind: string, readonly name: string, readonly uid: string }[]
  readonly target: { readonly apiVersion: string, readonly kind: string, readonly name: string }
}

/** HorizontalPodAutoscalers: on a target of theirs we write nothing. */
export class Autoscalers {
  readonly reflectors: readonly Reflector<Hpa>[]
  readonly #byNamespace = new Map<string, Map<string, Hpa>>()
  readonly #listeners = new Set<(hpa: Hpa) => void>()

  constructor (parts: ReflectorParts, namespaces: Namespaces) {
    this.reflectors = eachNamespace(namespaces, namespace => new Reflector(parts, { path: collectionPath('autoscaling/v2', 'horizontalpodautoscalers', namespace), trim }))
    for (const reflector of this.reflectors) reflector.listen({ applied: hpa => this.#took(hpa, hpa), deleted: hpa => this.#took(hpa, undefined) })
  }

  of (namespace: string): readonly Hpa[] { return [...this.#byNamespace.get(namespace)?.values() ?? []] }

  /** Calls back with each that came, went, or changed (as it was and as it is), until stopped. */
  onChange (listener: (hpa: Hpa) => void): () => void {
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
    if (JSON.stringify(before) === JSON.stringify(now)) return
    for (const each of [before, now]) if (each !== undefined) for (const listener of this.#listeners) listener(each)
  }
}

export const targetOf = ({ namespace, target: { kind, name } }: Hpa): ObjectRef => ({ apiVersion: '', kind, namespace, name })

function trim (raw: Wire): Hpa {
  const { metadata, spec } = raw as WireHpa
  const { apiVersion = '', kind = '', name = '' } = spec?.scaleTargetRef ?? {}
  return {
    namespace: metadata.namespace ?? '', name: metadata.name ?? '', uid: metadata.uid ?? '', owners: (metadata.ownerReferences ?? []).map(({ kind: of, name: owner, uid }) => ({ kind: of, name: owner, uid })),
    target: { apiVersion, kind, name }, behavior: spec?.behavior === undefined ? undefined : JSON.stringify(spec.behavior),
  }
}
