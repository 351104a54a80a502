import type { Condition } from '../../../src/runtime/ports.js'
import type { KubeObject } from '../../servers/kube.js'
import { type Run, Scene } from '../harness.js'
import { mergePatch } from './merge-patch.js'
import type { World } from './world.js'

/** One machine: objects are documents of a file, replicas are processes of Tidegate's. */
export class LocalWorld implements World {
  readonly runs: Run[] = []
  readonly #scene = new Scene()
  #objects: readonly KubeObject[] = []

  get dir (): string { return this.#scene.root }
  get recordFile (): string { return this.#scene.recordFile }

  async put (objects: readonly KubeObject[]): Promise<void> {
    this.#objects = objects
    this.#scene.write('all.yaml', ...objects)
  }

  edit (kind: string, name: string, patch: Readonly<Record<string, unknown>>): Promise<void> {
    return this.put(this.#objects.map(object => isThat(object, kind, name) ? mergePatch(object, patch) as KubeObject : object))
  }

  delete (kind: string, name: string): Promise<void> { return this.put(this.#objects.filter(object => !isThat(object, kind, name))) }

  async start (): Promise<void> { this.runs.push(await this.#scene.run()) }

  async counts (deployment: string): Promise<{ readonly spec: number, readonly status: number, readonly ready: number } | undefined> {
    const status = (await this.runs.at(-1)?.statuses())?.find(s => s.scaling?.target.name === deployment)
    const { spec = 0, status: existing = 0, ready = 0 } = status?.scaling?.current ?? {}
    return status === undefined ? undefined : { spec, status: existing, ready }
  }

  async conditions (kind: string, name: string): Promise<readonly Condition[]> { return (await this.runs.at(-1)?.status(kind, name))?.conditions ?? [] }

  pids (): readonly number[] { return this.#scene.pids() }
}

const isThat = (object: KubeObject, kind: string, name: string): boolean => object.kind === kind && object.metadata.name === name
