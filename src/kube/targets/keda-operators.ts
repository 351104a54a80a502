import { refKey } from '../../runtime/ports.js'
import { ApiError } from '../api/api-error.js'
import type { Namespaces } from '../api/namespaces.js'
import { Reflector, type ReflectorListener, type ReflectorParts } from '../api/reflector.js'
import { collectionPath } from '../api/wire.js'
import { trimWorkload, type Workload, type Workloads } from './workloads.js'

/** What KEDA's own manifests and its chart call it. */
const name = 'keda-operator'

/** Deployments of KEDA's operator that have replicas, wherever they are: KEDA need not run in a namespace that we look at to work in it. */
export class KedaOperators {
  readonly reflectors: readonly Reflector<Workload>[]
  readonly #atWork = new Set<string>()
  readonly #onTurn: () => void

  /** `onTurn`: the first is at work now, or the last no more. */
  constructor (parts: ReflectorParts, workloads: Workloads, namespaces: Namespaces, onTurn: () => void) {
    this.#onTurn = onTurn
    this.reflectors = namespaces.length === 0 ? [] : [new Reflector(parts, {
      path: collectionPath('apps/v1', 'deployments'), query: { fieldSelector: `metadata.name=${name}` }, trim: trimWorkload('Deployment'), optional: true,
    })]
    const listener: ReflectorListener<Workload> = { applied: workload => this.#is(workload, workload.replicas > 0), deleted: workload => this.#is(workload, false) }
    for (const reflector of [...workloads.reflectors, ...this.reflectors]) reflector.listen(listener)
  }

  /** `Deployment keda/keda-operator`. */
  get atWork (): readonly string[] { return [...this.#atWork] }

  /** Whether there is one; undefined where we may not look into every namespace, and see none where we may. */
  get run (): boolean | undefined {
    if (this.#atWork.size > 0) return true
    return this.reflectors.some(({ fault }) => fault instanceof ApiError && fault.status === 403) ? undefined : false
  }

  #is ({ ref }: Workload, atWork: boolean): void {
    if (ref.name !== name || ref.kind !== 'Deployment') return
    const before = this.#atWork.size
    if (atWork) this.#atWork.add(refKey(ref))
    else this.#atWork.delete(refKey(ref))
    if ((before > 0) !== (this.#atWork.size > 0)) this.#onTurn()
  }
}
