import { setTimeout as sleep } from 'node:timers/promises'
import type { ObjectStatus } from '../../../src/runtime/ports.js'
import { Run } from '../../scenario/harness.js'
import type { AuditEntry, KubeControlPlane, KubeObject } from '../../servers/kube.js'
import { grant, type Permission } from './rights.js'

/** What a scenario plays on: a namespace of its own with an operator of its own. */
export interface Stage {
  readonly namespace: string
  readonly kube: KubeControlPlane
  /** Where `token` lets in who bears `sesame`. */
  readonly depthUrl: string
  apply(...objects: readonly object[]): Promise<void>
  /** Merges into an object of the namespace; the path below it, `deployments/work` of `apps/v1`. */
  patch(apiVersion: string, path: string, change: object): Promise<void>
  object<T extends KubeObject>(apiVersion: string, path: string): Promise<T | undefined>
  statuses(): Promise<readonly ObjectStatus[]>
  /** What the operator asked. */
  asked(): Promise<readonly AuditEntry[]>
  /** Waits for what nobody announces. */
  until(condition: () => boolean | Promise<boolean>): Promise<void>
  /** Waits until the operator has its caches and works. */
  working(): Promise<void>
}

export interface Scenario {
  readonly name: string
  /** What is there before the operator starts. */
  before?(stage: Stage): Promise<void>
  /** Resolves when everything has happened that is meant to. */
  play(stage: Stage): Promise<void>
  /** Environment of the operator. */
  readonly env?: (kube: KubeControlPlane) => Readonly<Record<string, string>>
}

/** Milliseconds that the scenario took, or undefined where it did not come to its end; and what the operator was refused. */
/** `complaints`: what the operator logged of being refused. */
export interface Outcome { readonly tookMs: number | undefined, readonly refused: ReadonlySet<string>, readonly complaints: readonly string[] }

export interface Performance {
  readonly permissions: readonly Permission[]
  /** What the operator is going to be refused: time counts from then on. */
  readonly lacking?: string
  readonly withinMs: number
  readonly depthUrl: string
}

export async function perform (kube: KubeControlPlane, scenario: Scenario, { permissions, lacking, withinMs, depthUrl }: Performance): Promise<Outcome> {
  const namespace = await kube.namespace()
  const kubeconfig = await grant(kube, namespace, permissions)
  const ending = new AbortController()
  const stage = new NamespaceStage(kube, namespace, depthUrl, ending.signal)
  await scenario.before?.(stage)
  const run = new Run(['operator', '--kubeconfig', kubeconfig, '--port', '0', '--namespace', namespace, '--lease-namespace', namespace, '--cluster-object-namespace', namespace], scenario.env?.(kube))
  stage.run = run
  const began = performance.now()
  const played = scenario.play(stage).then(() => performance.now() - began)
  const refused = async (): Promise<ReadonlySet<string>> => new Set((await stage.asked()).filter(e => e.status === 403).map(refusalOf))
  try {
    if (lacking !== undefined) await Promise.race([played, stage.until(async () => (await refused()).has(lacking)), sleep(patienceMs, undefined, { signal: ending.signal })])
    const tookMs = await Promise.race([played, sleep(withinMs, undefined, { signal: ending.signal })])
    return { tookMs, refused: await refused(), complaints: run.log.map(line => JSON.stringify(line)).filter(line => /forbidden/i.test(line)) }
  } finally {
    ending.abort()
    await Promise.allSettled([played]) // it ends when `until` hears of the end
    await run.end()
  }
}

/** For an operator to come to what it has no right to, on a machine that has much to do. */
const patienceMs = 60_000

/** `apps/deployments/scale patch`. */
const refusalOf = ({ uri, resource, verb }: AuditEntry): string => `${/^\/apis\/([\w.]+)\/v/.exec(uri)?.[1] ?? 'core'}/${resource} ${verb}`

class NamespaceStage implements Stage {
  run: Run | undefined

  constructor (readonly kube: KubeControlPlane, readonly namespace: string, readonly depthUrl: string, private readonly ending: AbortSignal) {}

  async apply (...objects: readonly object[]): Promise<void> {
    for (const object of objects as readonly KubeObject[]) {
      const isClusterWide = object.kind === 'ClusterTriggerAuthentication'
      await this.kube.admin.apply({ ...object, metadata: { ...object.metadata, ...(isClusterWide ? {} : { namespace: this.namespace }) } })
    }
  }

  async patch (apiVersion: string, path: string, change: object): Promise<void> { await this.kube.admin.patch(this.#path(apiVersion, path), change) }

  async object<T extends KubeObject> (apiVersion: string, path: string): Promise<T | undefined> {
    return this.kube.admin.get<T>(this.#path(apiVersion, path)).catch(() => undefined)
  }

  async statuses (): Promise<readonly ObjectStatus[]> {
    return this.run?.log.some(l => l.msg === 'ready') === true ? await this.run.statuses().catch(() => []) : []
  }

  async asked (): Promise<readonly AuditEntry[]> {
    return (await recentAudit(this.kube)).filter(e => e.user === `system:serviceaccount:${this.namespace}:tidegate`)
  }

  async until (condition: () => boolean | Promise<boolean>): Promise<void> {
    while (!await condition()) await sleep(100, undefined, { signal: this.ending })
  }

  working (): Promise<void> { return this.until(() => this.run?.log.some(l => l.msg === 'holding the lease: working') === true) }

  #path (apiVersion: string, path: string): string {
    return `${apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`}/namespaces/${this.namespace}/${path}`
  }
}

/** The log is read whole each time: those who ask within half a second share what was read. */
let read: { readonly at: number, readonly entries: Promise<readonly AuditEntry[]> } | undefined
function recentAudit (kube: KubeControlPlane): Promise<readonly AuditEntry[]> {
  if (read === undefined || performance.now() - read.at > 500) read = { at: performance.now(), entries: kube.auditLog() }
  return read.entries
}
