import type { ConfigMap, Secret } from '../api/workload/index.js'
import type { Data } from '../runtime/ports.js'
import type { LookUp } from './environment.js'

/** Secrets and ConfigMaps as applied. */
export class Manifests {
  readonly #data = new Map<string, Data>()

  apply ({ kind, metadata, data }: Secret | ConfigMap): void {
    this.#data.set(keyOf(kind, metadata.namespace, metadata.name), data)
  }

  delete (kind: string, namespace: string, name: string): void {
    this.#data.delete(keyOf(kind, namespace, name))
  }

  get (kind: 'Secret' | 'ConfigMap', namespace: string, name: string): Data | undefined {
    return this.#data.get(keyOf(kind, namespace, name))
  }

  lookUp (namespace: string): LookUp {
    return (kind, name) => this.get(kind, namespace, name)
  }
}

const keyOf = (kind: string, namespace: string, name: string): string => `${kind} ${namespace}/${name}`
