import { onTestFinished } from 'vitest'
import { Run } from '../scenario/harness.js'
import type { AuditEntry, KubeControlPlane, KubeObject } from '../servers/kube.js'

export { installKinds, installRights } from './install.js'

export interface Condition { readonly type: string, readonly status: string, readonly reason: string, readonly message: string, readonly lastTransitionTime?: string, readonly observedGeneration?: number }
export type Scaled = KubeObject & { readonly status?: { readonly conditions?: readonly Condition[], readonly [field: string]: unknown } }
export type Deployment = KubeObject & { readonly spec: { readonly replicas: number }, readonly status?: { readonly readyReplicas?: number, readonly replicas?: number } }

export const conditionOf = (object: Scaled | undefined, type: string): Condition | undefined => object?.status?.conditions?.find(c => c.type === type)

/** The program as a cluster would run it, by the right of this kubeconfig. It ends with the test. */
export function startOperator (kubeconfig: string, ...args: readonly string[]): Run {
  const run = new Run(['operator', '--kubeconfig', kubeconfig, '--port', '0', '--lease-namespace', 'tidegate', ...args])
  onTestFinished(async () => { await run.stop() })
  return run
}

export async function runOperator (kubeconfig: string, ...args: readonly string[]): Promise<Run> {
  const run = startOperator(kubeconfig, ...args)
  await run.ready()
  return run
}

export const deployment = (namespace: string, name: string, replicas: number, more: Readonly<Record<string, unknown>> = {}): KubeObject => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { namespace, name },
  spec: {
    replicas, selector: { matchLabels: { app: name } },
    template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'work', image: 'work', ...more }] } },
  },
})

export const scaledObject = (group: string, namespace: string, name: string, spec: Readonly<Record<string, unknown>>, metadata: Readonly<Record<string, unknown>> = {}): KubeObject =>
  ({ apiVersion: `${group}/v1alpha1`, kind: 'ScaledObject', metadata: { namespace, name, ...metadata }, spec: { scaleTargetRef: { name }, ...spec } })

/** A cron trigger that is open now, or not before the next year. */
export const window = (open: boolean, desiredReplicas = 1): Readonly<Record<string, unknown>> => {
  const now = new Date()
  const month = open ? now.getUTCMonth() + 1 : (now.getUTCMonth() + 6) % 12 + 1
  const before = (month + 10) % 12 + 1
  const after = month % 12 + 1
  return { type: 'cron', metadata: { timezone: 'UTC', start: `0 0 1 ${open ? before : month} *`, end: `0 0 28 ${open ? after : month} *`, desiredReplicas: String(desiredReplicas) } }
}

export const deploymentPath = (namespace: string, name: string): string => `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`
export const scaledObjectPath = (group: string, namespace: string, name: string): string => `/apis/${group}/v1alpha1/namespaces/${namespace}/scaledobjects/${name}`

/** What the program asked of the API server, beside its lease. */
export const askedBy = async (kube: KubeControlPlane): Promise<readonly AuditEntry[]> =>
  (await kube.auditLog()).filter(entry => entry.userAgent.startsWith('tidegate/') && entry.resource !== 'leases')

/** A question about our own rights is created and writes nothing. */
export const writes = (entries: readonly AuditEntry[]): readonly AuditEntry[] => entries.filter(({ verb, resource }) => !['get', 'list', 'watch'].includes(verb) && resource !== 'selfsubjectaccessreviews')

/** Conditions are looked at every second, windows are none: what takes minutes by default takes seconds. */
export const fast = { pollingInterval: 1, cooldownPeriod: 1, advanced: { horizontalPodAutoscalerConfig: { behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } } } }
