import { refKey, type ObjectRef } from '../../runtime/ports.js'
import { ApiError } from '../api/api-error.js'
import type { KubeHttp } from '../api/http.js'
import { collectionPath, objectPath, type Wire } from '../api/wire.js'
import type { Workloads } from './workloads.js'
import type { Writer } from '../api/writer.js'

type WirePod = Wire<{ readonly status?: { readonly conditions?: readonly { readonly type: string, readonly status: string }[] } }>

const annotation = 'controller.kubernetes.io/pod-deletion-cost'
/** Above the 0 of a pod that says nothing, and a number that nobody else writes: it is how marks of an earlier leader are known. */
const cost = '1000000019'
/** Most pods that are marked for one lowering; with more at work it waits. */
const most = 50
/** More pods than this of one target are not gone through. */
const mostListed = 1000

/** Makes the pods that work the last to go, just before a count is lowered. Where none works nothing is asked and nothing written. */
export class PodCosts {
  readonly #http: KubeHttp
  readonly #writer: Writer
  readonly #workloads: Workloads

  constructor (parts: { readonly http: KubeHttp, readonly writer: Writer, readonly workloads: Workloads }) {
    this.#http = parts.http
    this.#writer = parts.writer
    this.#workloads = parts.workloads
  }

  /** Rejects where lowering to `replicas` could end a pod that works: the next look tries again. */
  async beforeLowering (target: ObjectRef, replicas: number, busy: ReadonlySet<string>): Promise<void> {
    if (busy.size === 0) return
    if (target.kind !== 'Deployment' && target.kind !== 'ReplicaSet') return refuseInOrder(target, replicas, busy)
    if (busy.size > most) throw new Error(`${busy.size} pods of ${refKey(target)} are at work; it is lowered when fewer are`)
    const pods = new Map((await this.#podsOf(target)).map(pod => [pod.metadata.name ?? '', pod]))
    await Promise.all([
      ...[...busy].map(name => this.#keep(target, name, pods.get(name))),
      ...[...pods].filter(([name, pod]) => !busy.has(name) && isMarked(pod)).map(([name]) => this.#mark(target.namespace, name, null)),
    ])
  }

  /** Readiness ranks before the cost: a pod that is not ready goes first, whatever it costs. */
  async #keep (target: ObjectRef, name: string, listed: WirePod | undefined): Promise<void> {
    const pod = listed !== undefined && isMarked(listed) ? listed : await this.#mark(target.namespace, name, cost)
    if (pod === undefined || pod.metadata.deletionTimestamp !== undefined) return // it is going already
    if (!isReady(pod)) throw new Error(`pod ${name} of ${refKey(target)} works and is not ready, and would be the first to go; it is lowered when the work is done`)
  }

  /** Empty where its selector is not known here. */
  async #podsOf (target: ObjectRef): Promise<readonly WirePod[]> {
    const labelSelector = this.#workloads.get(target)?.selector ?? ''
    if (labelSelector === '') return []
    const query = new URLSearchParams({ labelSelector, limit: String(mostListed) })
    const list = await this.#http.request<{ readonly items?: readonly WirePod[] }>({ method: 'GET', urgency: 'down', path: `${collectionPath('v1', 'pods', target.namespace)}?${query.toString()}` })
    return list.items ?? []
  }

  /** Undefined: the pod is gone, and needs no mark. */
  async #mark (namespace: string, pod: string, value: string | null): Promise<WirePod | undefined> {
    try {
      return await this.#writer.write<WirePod>({ method: 'PATCH', urgency: 'down', path: objectPath('v1', 'pods', namespace, pod), body: { metadata: { annotations: { [annotation]: value } } } })
    } catch (error) {
      if (error instanceof ApiError && error.isMissing) return undefined
      throw error
    }
  }
}

const isMarked = ({ metadata }: WirePod): boolean => metadata.annotations?.[annotation] === cost
const isReady = ({ status }: WirePod): boolean => status?.conditions?.some(c => c.type === 'Ready' && c.status === 'True') === true

/** A StatefulSet removes its highest ordinals, others whatever they like: nothing that works may be among them. */
function refuseInOrder (target: ObjectRef, replicas: number, busy: ReadonlySet<string>): void {
  const leaving = target.kind === 'StatefulSet' ? [...busy].filter(pod => Number(pod.slice(target.name.length + 1)) >= replicas) : [...busy]
  if (leaving.length > 0) throw new Error(`${leaving.join(', ')} of ${refKey(target)} is at work; it is lowered when it is not`)
}
