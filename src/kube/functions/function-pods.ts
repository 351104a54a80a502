import type { Endpoint } from '../../runtime/ports.js'
import { Reflector, type ReflectorParts } from '../api/reflector.js'
import { collectionPath, type Wire } from '../api/wire.js'
import type { Workload } from '../targets/workloads.js'

type WirePod = Wire<{ readonly status?: { readonly podIP?: string, readonly conditions?: readonly { readonly type: string, readonly status: string }[] } }>
interface Pod { readonly name: string, readonly address: string | undefined }

/** The ready pods of a workload that has no Service. */
export class FunctionPods {
  readonly #reflector: Reflector<Pod>
  readonly #port: number
  readonly #stopping = new AbortController()

  /** Of a workload that says which pods are its own: without a selector they would be all of the namespace. */
  constructor (parts: ReflectorParts, { ref, selector }: Workload, port: number, onChange: () => void) {
    this.#port = port
    this.#reflector = new Reflector(parts, { path: collectionPath('v1', 'pods', ref.namespace), query: { labelSelector: selector }, trim })
    this.#reflector.listen({ applied: onChange, deleted: onChange })
    void this.#reflector.run(this.#stopping.signal)
  }

  get endpoints (): readonly Endpoint[] {
    return [...this.#reflector.values()].flatMap(({ name, address }) => address === undefined ? [] : [{ id: name, url: urlOf(address, this.#port) }])
  }

  stop (): void { this.#stopping.abort() }
}

function trim (raw: Wire): Pod {
  const { metadata, status } = raw as WirePod
  const isReady = metadata.deletionTimestamp === undefined && status?.conditions?.some(c => c.type === 'Ready' && c.status === 'True') === true
  return { name: metadata.name ?? '', address: isReady ? status?.podIP : undefined }
}

export const urlOf = (address: string, port: number): string => `http://${address.includes(':') ? `[${address}]` : address}:${port}`
