import { join } from 'node:path'
import type { Condition } from '../../src/runtime/ports.js'
import type { Run } from '../scenario/harness.js'
import type { World } from '../scenario/shared/world.js'
import type { KubeControlPlane, KubeObject } from '../servers/kube.js'
import { FunctionScene, runOperatorAmongPods } from './functions.js'
import type { Deployment, Scaled } from './operator.js'

const apiVersions: Readonly<Record<string, string>> = { Deployment: 'apps/v1', Service: 'v1', ScaledObject: 'keda.sh/v1alpha1', TriggerAuthentication: 'keda.sh/v1alpha1', Trigger: 'tidegate.dev/v1alpha1' }

/** A namespace of a cluster: objects are those of its API, replicas are pods. */
export class ClusterWorld implements World {
  readonly runs: Run[] = []
  readonly recordFile: string

  private constructor (readonly kube: KubeControlPlane, readonly rights: string, readonly scene: FunctionScene) {
    this.recordFile = join(scene.out, 'decisions.jsonl')
  }

  static async open (kube: KubeControlPlane, rights: string): Promise<ClusterWorld> { return new ClusterWorld(kube, rights, await FunctionScene.open(kube)) }

  get dir (): string { return this.scene.out }

  put (objects: readonly KubeObject[]): Promise<void> { return this.scene.apply(...objects) }

  async edit (kind: string, name: string, patch: Readonly<Record<string, unknown>>): Promise<void> { await this.kube.admin.patch(await this.#path(kind, name), patch) }

  async delete (kind: string, name: string): Promise<void> { await this.kube.admin.delete(await this.#path(kind, name)) }

  async start (): Promise<void> { this.runs.push(await runOperatorAmongPods(this.kube, this.rights, '--namespace', this.scene.namespace, '--record', this.recordFile)) }

  async counts (deployment: string): Promise<{ readonly spec: number, readonly status: number, readonly ready: number }> {
    const { spec, status } = await this.kube.admin.get<Deployment>(await this.#path('Deployment', deployment))
    return { spec: spec.replicas, status: status?.replicas ?? 0, ready: status?.readyReplicas ?? 0 }
  }

  async conditions (kind: string, name: string): Promise<readonly Condition[]> {
    return (await this.kube.admin.get<Scaled>(await this.#path(kind, name))).status?.conditions as readonly Condition[] | undefined ?? []
  }

  pids (): readonly number[] { return this.kube.kubelet.processes.pids(this.scene.namespace) }

  #path (kind: string, name: string): Promise<string> {
    return this.kube.admin.pathOf({ apiVersion: apiVersions[kind] ?? 'v1', kind, metadata: { name, namespace: this.scene.namespace } })
  }
}
