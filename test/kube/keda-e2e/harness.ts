import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { Run, until } from '../../scenario/harness.js'
import { type KubeControlPlane, kubeControlPlane, type KubeObject } from '../../servers/kube.js'
import { metricsServer, type MetricsServer } from '../../servers/metrics.js'
import { conditionOf, type Condition, type Deployment, deployment, deploymentPath, installKinds, installRights, type Scaled, scaledObject, scaledObjectPath } from '../operator.js'

/**
 * KEDA's end-to-end tests, on our control plane, with their numbers. All times are a tenth of KEDA's, but for pollingInterval and
 * cooldownPeriod, of which 1 s is the least: 5 s there is 1 s here, a minute of holding six seconds. `useCachedMetrics` and long intervals
 * keep their proportion. KEDA's scale-down window of 1 s is 0, and what its HPA does every 15 s happens at each look.
 */
export const noWindow = { horizontalPodAutoscalerConfig: { behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } } }

/** How long a state may take to come: tries × seconds of KEDA's tests were minutes; a busy machine needs some of that. */
const patienceMs = 90_000

export interface Cluster {
  readonly kube: KubeControlPlane
  readonly run: Run
  /** Where a ClusterTriggerAuthentication may read files. */
  readonly credentials: string
}

/** One control plane and one operator for the scenarios of a file, which run beside one another in namespaces of their own. */
export function cluster (): () => Cluster {
  let opened: Cluster | undefined
  beforeAll(async () => {
    const kube = await kubeControlPlane()
    const credentials = mkdtempSync(join(tmpdir(), 'tidegate-credentials-'))
    await installKinds(kube, 'keda.sh')
    const rights = await installRights(kube)
    const run = new Run(['operator', '--kubeconfig', rights, '--port', '0', '--lease-namespace', 'tidegate', '--filepath-auth-root-path', credentials])
    opened = { kube, run, credentials }
    await run.ready()
  })
  afterAll(async () => {
    await opened?.run.stop()
    await opened?.kube.stop()
    rmSync(opened?.credentials ?? '', { recursive: true, force: true })
  })
  return () => {
    if (opened === undefined) throw new Error('the cluster is opened before the tests')
    return opened
  }
}

type Spec = Readonly<Record<string, unknown>>

/** A namespace with a target, and what it is scaled by. */
export class Scene {
  readonly #cluster: Cluster
  readonly #servers: MetricsServer[] = []

  private constructor (cluster: Cluster, readonly namespace: string) { this.#cluster = cluster }

  /** Runs a scenario in a namespace of its own, with a Deployment `target` that has this many replicas. */
  static async play (cluster: Cluster, replicas: number, story: (scene: Scene) => Promise<void>): Promise<void> {
    const scene = new Scene(cluster, await cluster.kube.namespace())
    try {
      await scene.apply(deployment(scene.namespace, 'target', replicas))
      await scene.wait(replicas)
      await story(scene)
    } catch (error) {
      const so = await scene.get().catch(() => undefined)
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n${JSON.stringify(so)}\n${scene.#logOf()}`, { cause: error })
    } finally {
      await cluster.kube.admin.delete(`/apis/keda.sh/v1alpha1/namespaces/${scene.namespace}/scaledobjects`)
      await Promise.all(scene.#servers.map(server => server.stop()))
    }
  }

  get #admin (): KubeControlPlane['admin'] { return this.#cluster.kube.admin }
  get path (): string { return scaledObjectPath('keda.sh', this.namespace, 'so') }

  #logOf (): string { return this.#cluster.run.log.map(line => JSON.stringify(line)).filter(line => line.includes(this.namespace)).slice(-30).join('\n') }

  async apply (object: KubeObject): Promise<void> { await this.#admin.apply(object) }

  /** The ScaledObject `so` on the target; again, to change it. */
  async scaledObject (spec: Spec, annotations: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.apply(scaledObject('keda.sh', this.namespace, 'so', { scaleTargetRef: { name: 'target' }, ...spec }, { annotations }))
  }

  async patch (spec: Spec): Promise<void> { await this.#admin.patch(this.path, { spec }) }
  /** null removes an annotation. */
  async annotate (annotations: Readonly<Record<string, string | null>>): Promise<void> { await this.#admin.patch(this.path, { metadata: { annotations } }) }
  async delete (): Promise<void> { await this.#admin.delete(this.path) }
  get (): Promise<Scaled> { return this.#admin.get<Scaled>(this.path) }

  /** A second Deployment whose pods the kubernetes-workload trigger counts. */
  async monitored (replicas: number): Promise<void> {
    const path = deploymentPath(this.namespace, 'monitored')
    await this.apply(deployment(this.namespace, 'monitored', replicas))
    await this.#admin.until<Deployment>(path, d => (d?.status?.replicas ?? 0) === replicas && (d?.status?.readyReplicas ?? 0) === replicas, patienceMs)
  }

  /** A server that shows a number, for metrics-api. */
  async metricsServer (value: number, options?: Parameters<typeof metricsServer>[1]): Promise<MetricsServer> {
    const server = await metricsServer(value, options)
    this.#servers.push(server)
    return server
  }

  /** Until the target has this many replicas, all of them ready. */
  async wait (replicas: number, path = deploymentPath(this.namespace, 'target')): Promise<void> {
    await this.#admin.until<Deployment>(path, d => d?.spec.replicas === replicas && (d.status?.replicas ?? 0) === replicas && (d.status?.readyReplicas ?? 0) === replicas, patienceMs)
  }

  /** The target keeps this count for so long. */
  async hold (replicas: number, forMs = 6_000): Promise<void> {
    const path = deploymentPath(this.namespace, 'target')
    const moved = await this.#admin.until<Deployment>(path, d => d?.spec.replicas !== replicas, forMs).then(d => d?.spec.replicas, () => undefined)
    if (moved !== undefined) throw new Error(`the target was to hold ${replicas} and went to ${moved}`)
  }

  /** Until a condition is as wanted. */
  async condition (type: string, likes: (condition: Condition) => boolean): Promise<Condition> {
    const so = await this.#admin.until<Scaled>(this.path, object => { const found = conditionOf(object, type); return found !== undefined && likes(found) }, patienceMs)
    return conditionOf(so, type) as Condition
  }

  /** Until the operator itself says so, which it writes into the object at its leisure: a condition that turns often is written twice a minute. */
  async told (type: string, status: Condition['status']): Promise<void> {
    await until(async () => (await this.#cluster.run.statuses()).some(({ ref, conditions }) => ref.namespace === this.namespace && conditions.some(c => c.type === type && c.status === status)))
  }

  /** Until the ScaledObject is as wanted. */
  async until (likes: (object: Scaled) => boolean): Promise<Scaled> {
    return await this.#admin.until<Scaled>(this.path, object => object !== undefined && likes(object), patienceMs) as Scaled
  }

  /** Writes a file where a ClusterTriggerAuthentication may read it. */
  credentials (file: string, content: object): void { writeFileSync(join(this.#cluster.credentials, file), JSON.stringify(content)) }
}

export const workload = (value: number, more: Spec = {}): Spec => ({ type: 'kubernetes-workload', metadata: { podSelector: 'app=monitored', value: String(value) }, ...more })

export const metricsApi = (server: MetricsServer, targetValue: number, more: Spec = {}): Spec =>
  ({ type: 'metrics-api', metadata: { url: server.url, valueLocation: 'value', targetValue: String(targetValue) }, ...more })
