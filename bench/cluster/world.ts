import { setTimeout as sleep } from 'node:timers/promises'
import { installKinds } from '../../test/kube/install.js'
import { type AuditEntry, type KubeControlPlane, kubeControlPlane, type KubeObject } from '../../test/servers/kube.js'
import { type Streams, streams } from './brokers.js'
import { eachOf } from './each.js'
import { scaledObject, worker, workerName } from './objects.js'
import { followScaledObjects, type Followed } from './watch.js'

/** Objects stand in so many namespaces. */
const namespaces = 10
const atOnce = 32

type Workers = { readonly items: readonly (KubeObject & { readonly status?: { readonly observedGeneration?: number } })[] }

/** A control plane with N Deployments at zero, and a broker with a stream for each. */
export interface World {
  readonly kube: KubeControlPlane
  readonly streams: Streams
  readonly scaledObjects: Followed
  /** Resolves when the last one is taken by the API server. */
  applyScaledObjects (): Promise<void>
  deleteScaledObjects (): Promise<void>
  /** Resolves when one target is wished to have so many replicas. */
  replicas (index: number, count: number): Promise<void>
  /** Audit entries from an instant on, epoch milliseconds. */
  auditSince (at: number): Promise<readonly AuditEntry[]>
  stop (): Promise<void>
}

export async function makeWorld (count: number, withPods = false): Promise<World> {
  const kube = await kubeControlPlane()
  const broker = await streams(count)
  await installKinds(kube, 'keda.sh')
  for (let n = 0; n < namespaces; n++) await kube.namespace(`shop-${n}`)
  const namespaceOf = (index: number): string => `shop-${index % namespaces}`
  const post = async (collection: string, object: KubeObject): Promise<void> => { await kube.admin.request('POST', collection, object) }
  await eachOf(count, atOnce, index => post(`/apis/apps/v1/namespaces/${namespaceOf(index)}/deployments`, worker(namespaceOf(index), index, withPods)))
  while ((await kube.admin.get<Workers>('/apis/apps/v1/deployments')).items.some(({ status }) => status?.observedGeneration === undefined)) await sleep(500)
  const scaledObjects = followScaledObjects(kube.admin)
  return {
    kube, streams: broker, scaledObjects,
    applyScaledObjects: () => eachOf(count, atOnce, index =>
      post(`/apis/keda.sh/v1alpha1/namespaces/${namespaceOf(index)}/scaledobjects`, scaledObject(namespaceOf(index), index, broker.monitoring))),
    deleteScaledObjects: () => eachOf(namespaces, namespaces, async n => { await kube.admin.delete(`/apis/keda.sh/v1alpha1/namespaces/shop-${n}/scaledobjects`) }),
    async replicas (index, replicas) {
      const path = `/apis/apps/v1/namespaces/${namespaceOf(index)}/deployments/${workerName(index)}`
      await kube.admin.until<KubeObject & { readonly spec: { readonly replicas?: number } }>(path, d => d?.spec.replicas === replicas, 180_000)
    },
    auditSince: async at => (await kube.auditLog()).filter(entry => Date.parse(entry.at) >= at),
    async stop () {
      await scaledObjects.stop()
      await broker.stop()
      await kube.stop()
    },
  }
}
