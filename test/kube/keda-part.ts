import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import { isPassing, type KubeClient, kubeClient, KubeError } from '../servers/kube/client.js'
import type { KubeControlPlane, KubeObject } from '../servers/kube.js'
import { deploymentPath, type Scaled } from './operator.js'

/** What KEDA's operator and the HPA it makes do to a namespace, as an API server sees it: finalizers, autoscalers, a lease, and counts. */
export class KedaPart {
  /** The count that KEDA's side wants for each target. */
  readonly wishes = new Map<string, number>()
  /** A pause is noticed and its autoscaler stays: KEDA is slow. */
  isSlow = false
  readonly #client: KubeClient
  readonly #namespace: string
  readonly #stopping = new AbortController()
  readonly #running: Promise<void>

  /** At work, with its Deployment in place. It is uninstalled with the test. */
  static async install (kube: KubeControlPlane, namespace: string): Promise<KedaPart> {
    const keda = new KedaPart(await clientOf(kube), namespace)
    onTestFinished(() => keda.uninstall())
    await keda.#client.apply({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { namespace, name: 'keda-operator' }, spec: {
      replicas: 1, selector: { matchLabels: { app: 'keda' } }, template: { metadata: { labels: { app: 'keda' } }, spec: { containers: [{ name: 'keda', image: 'keda' }] } },
    } })
    return keda
  }

  private constructor (client: KubeClient, namespace: string) {
    this.#client = client
    this.#namespace = namespace
    this.#running = this.#run()
  }

  /** It stops, and leaves behind what an uninstalled KEDA leaves: finalizers and autoscalers. */
  async uninstall (): Promise<void> {
    if (this.#stopping.signal.aborted) return
    this.#stopping.abort()
    await this.#running
    await this.#client.delete(deploymentPath(this.#namespace, 'keda-operator'))
    await this.#client.close()
  }

  async #run (): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      await this.#look().catch(lookAgain)
      await sleep(100, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
    }
  }

  async #look (): Promise<void> {
    await this.#renew()
    const { items } = await this.#client.get<{ readonly items: readonly Scaled[] }>(`/apis/keda.sh/v1alpha1/namespaces/${this.#namespace}/scaledobjects`)
    for (const item of items) await this.#reconcile(item)
  }

  #renew (): Promise<unknown> {
    return this.#client.apply({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { namespace: this.#namespace, name: 'operator.keda.sh' }, spec: { holderIdentity: 'keda', renewTime: new Date().toISOString().replace('Z', '000Z') } })
  }

  /** KEDA's order: a pause removes the autoscaler first; without one the finalizer comes first, then the autoscaler, then counts. */
  async #reconcile (so: Scaled): Promise<void> {
    const { name, uid, finalizers, annotations = {}, deletionTimestamp } = so.metadata
    const others = ((finalizers ?? []) as readonly string[]).filter(f => f !== 'finalizer.keda.sh')
    const path = `/apis/keda.sh/v1alpha1/namespaces/${this.#namespace}/scaledobjects/${name}`
    const hpa = `/apis/autoscaling/v2/namespaces/${this.#namespace}/horizontalpodautoscalers/keda-hpa-${name}`
    if (deletionTimestamp !== undefined) return void await this.#client.patch(path, { metadata: { finalizers: others } })
    if (annotations['autoscaling.keda.sh/paused'] === 'true') {
      if (!this.isSlow) await this.#client.delete(hpa).catch(() => undefined)
      return
    }
    await this.#client.patch(path, { metadata: { finalizers: [...others, 'finalizer.keda.sh'] } })
    await this.#client.apply(autoscaler(this.#namespace, name, name, { name: `keda-hpa-${name}`, ownerReferences: [{ apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', name, uid, controller: true }] }))
    const wish = this.wishes.get(name)
    const scale = await this.#client.get<{ readonly spec: { readonly replicas?: number } }>(`${deploymentPath(this.#namespace, name)}/scale`)
    if (wish !== undefined && (scale.spec.replicas ?? 0) !== wish) await this.#client.patch(`${deploymentPath(this.#namespace, name)}/scale?fieldManager=keda`, { spec: { replicas: wish } })
  }
}

/** An autoscaler of a Deployment by a metric that nobody serves: it stands there, and does nothing. */
export const autoscaler = (namespace: string, name: string, target: string, metadata: Readonly<Record<string, unknown>> = {}, spec: Readonly<Record<string, unknown>> = {}): KubeObject => ({
  apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { namespace, name, ...metadata },
  spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: target }, minReplicas: 1, maxReplicas: 9, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }], ...spec },
})

export const autoscalerPath = (namespace: string, name: string): string => `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers/${name}`

/** Who set a count, and to what, in the order of the audit log. */
export async function countsSet (kube: KubeControlPlane, namespace: string, name: string): Promise<readonly (readonly [string, number])[]> {
  const set = (await kube.auditLog()).filter(e => e.resource === 'deployments/scale' && e.verb === 'patch' && e.namespace === namespace && e.name === name && e.status < 300)
  return set.map(({ userAgent, body }) => [userAgent.split('/')[0] ?? '', (body as { readonly spec: { readonly replicas: number } }).spec.replicas])
}

async function clientOf (kube: KubeControlPlane): Promise<KubeClient> {
  const { users: [{ user }] } = JSON.parse(await readFile(await kube.kubeconfig('keda', ['system:masters']), 'utf8')) as { readonly users: readonly [{ readonly user: { readonly 'client-key-data': string, readonly 'client-certificate-data': string } }] }
  const text = (data: string): string => Buffer.from(data, 'base64').toString('utf8')
  return kubeClient({ url: kube.url, ca: kube.ca, userAgent: 'keda/2', certificate: text(user['client-certificate-data']), key: text(user['client-key-data']) })
}

/** A controller meets conflicts, objects that are gone and a server that is not ready: it looks again soon. */
function lookAgain (error: unknown): void {
  if (!isPassing(error) && !(error instanceof KubeError && [404, 409].includes(error.status))) throw error
}
