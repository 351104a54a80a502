import { refKey, type ObjectRef } from '../runtime/ports.js'
import { ApiError } from './api-error.js'
import { objectPath } from './wire.js'
import type { Writer } from './writer.js'

const annotation = 'controller.kubernetes.io/pod-deletion-cost'
/** Anything above the 0 of a pod that says nothing. */
const cost = '1000'
/** Most pods that are marked for one lowering; with more at work it waits. */
const most = 50

/** Makes the pods that work the last to go, just before a count is lowered. */
export class PodCosts {
  readonly #writer: Writer
  readonly #marked = new Map<string, ReadonlySet<string>>()

  constructor (writer: Writer) { this.#writer = writer }

  /** Rejects where lowering to `replicas` could end a pod that works: the next look tries again. */
  async beforeLowering (target: ObjectRef, replicas: number, busy: ReadonlySet<string>): Promise<void> {
    if (target.kind !== 'Deployment' && target.kind !== 'ReplicaSet') return refuseInOrder(target, replicas, busy)
    if (busy.size > most) throw new Error(`${busy.size} pods of ${refKey(target)} are at work; it is lowered when fewer are`)
    const key = refKey(target)
    const before = this.#marked.get(key) ?? new Set<string>()
    await Promise.all([
      ...[...busy].filter(pod => !before.has(pod)).map(pod => this.#mark(target.namespace, pod, cost)),
      ...[...before].filter(pod => !busy.has(pod)).map(pod => this.#mark(target.namespace, pod, null)),
    ])
    if (busy.size === 0) this.#marked.delete(key)
    else this.#marked.set(key, new Set(busy))
  }

  async #mark (namespace: string, pod: string, value: string | null): Promise<void> {
    try {
      await this.#writer.write({ method: 'PATCH', urgency: 'down', path: objectPath('v1', 'pods', namespace, pod), body: { metadata: { annotations: { [annotation]: value } } } })
    } catch (error) {
      if (!(error instanceof ApiError) || !error.isMissing) throw error // a pod that is gone needs no mark
    }
  }
}

/** A StatefulSet removes its highest ordinals, others whatever they like: nothing that works may be among them. */
function refuseInOrder (target: ObjectRef, replicas: number, busy: ReadonlySet<string>): void {
  const leaving = target.kind === 'StatefulSet' ? [...busy].filter(pod => Number(pod.slice(target.name.length + 1)) >= replicas) : [...busy]
  if (leaving.length > 0) throw new Error(`${leaving.join(', ')} of ${refKey(target)} is at work; it is lowered when it is not`)
}
