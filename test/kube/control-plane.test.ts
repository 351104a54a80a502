import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type KubeControlPlane, kubeControlPlane, KubeError, type KubeObject } from '../servers/kube.js'
import { kubeClient } from '../servers/kube/client.js'

let kube: KubeControlPlane
beforeAll(async () => { kube = await kubeControlPlane() })
afterAll(async () => { await kube.stop() })

interface Deployment extends KubeObject { readonly status: { readonly readyReplicas?: number, readonly replicas?: number } }
interface Slice { readonly endpoints: readonly { readonly addresses: readonly string[], readonly conditions: { readonly ready: boolean } }[] | null }

const labels = { app: 'web' }
const deployment = (namespace: string, name: string, replicas: number, annotations: Readonly<Record<string, string>> = {}): KubeObject => ({
  apiVersion: 'apps/v1', kind: 'Deployment', metadata: { namespace, name },
  spec: { replicas, selector: { matchLabels: labels }, template: { metadata: { labels, annotations }, spec: { containers: [{ name: 'web', image: 'web', ports: [{ containerPort: 8080 }] }] } } },
})
const service = (namespace: string): KubeObject =>
  ({ apiVersion: 'v1', kind: 'Service', metadata: { namespace, name: 'web' }, spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] } })

const scaleTo = (path: string, replicas: number): Promise<unknown> => kube.admin.patch(`${path}/scale`, { spec: { replicas } })
const readyAt = (path: string, replicas: number): Promise<unknown> =>
  kube.admin.until<Deployment>(path, d => (d?.status.readyReplicas ?? 0) === replicas && (d?.status.replicas ?? 0) === replicas)

test('a Deployment goes 0 → 3 → 0 and its Service has the addresses of what is ready', async () => {
  const namespace = await kube.namespace()
  const path = await kube.admin.pathOf(deployment(namespace, 'web', 0))
  await kube.admin.apply(deployment(namespace, 'web', 0))
  await kube.admin.apply(service(namespace))
  await scaleTo(path, 3)
  await readyAt(path, 3)
  const slices = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`
  const { items: [first] } = await kube.admin.get<{ items: KubeObject[] }>(slices)
  const ready = (slice: Slice | undefined): readonly string[] => (slice?.endpoints ?? []).filter(e => e.conditions.ready).flatMap(e => e.addresses)
  const slice = await kube.admin.until<Slice>(`${slices}/${first?.metadata.name ?? ''}`, found => ready(found).length === 3)
  expect(new Set(ready(slice)).size).toBe(3)
  await scaleTo(path, 0)
  await readyAt(path, 0)
})

test('a pod follows its script: it becomes ready later, loses readiness, and takes its time to go', async () => {
  const namespace = await kube.namespace()
  const object = deployment(namespace, 'web', 1, { 'kubelet.test/ready-after': '300', 'kubelet.test/stop-after': '300' })
  const path = await kube.admin.pathOf(object)
  await kube.admin.apply(object)
  await readyAt(path, 1)
  const pods = `/api/v1/namespaces/${namespace}/pods`
  const { items: [pod] } = await kube.admin.get<{ items: KubeObject[] }>(pods)
  const name = pod?.metadata.name ?? ''
  await kube.kubelet.setReady(namespace, name, false)
  await kube.admin.until<Deployment>(path, d => (d?.status.readyReplicas ?? 0) === 0)
  await kube.kubelet.setReady(namespace, name, true)
  await readyAt(path, 1)
  await scaleTo(path, 0)
  await kube.admin.until(`${pods}/${name}`, found => found?.metadata.deletionTimestamp !== undefined)
  await kube.admin.until(`${pods}/${name}`, found => found === undefined)
})

test('a Job ends when its pod has ended', async () => {
  const namespace = await kube.namespace()
  const template = { metadata: { annotations: { 'kubelet.test/exit-after': '50' } }, spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'work' }] } }
  await kube.admin.apply({ apiVersion: 'batch/v1', kind: 'Job', metadata: { namespace, name: 'work' }, spec: { template } })
  await kube.admin.until<KubeObject & { status?: { succeeded?: number } }>(`/apis/batch/v1/namespaces/${namespace}/jobs/work`, job => job?.status?.succeeded === 1)
})

test('a service account has a token and no rights but those that it is given', async () => {
  const namespace = await kube.namespace()
  const { users: [user] } = JSON.parse(await readFile(await kube.kubeconfig(`system:serviceaccount:${namespace}:default`), 'utf8')) as { users: { user: { token: string } }[] }
  const client = kubeClient({ url: kube.url, ca: kube.ca, token: user?.user.token ?? '', userAgent: 'rights-test' })
  await expect(client.get(`/api/v1/namespaces/${namespace}/secrets`)).rejects.toMatchObject({ status: 403 })
  const role = { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'Role', metadata: { namespace, name: 'reader' }, rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['list'] }] }
  await kube.admin.apply(role)
  await kube.admin.apply({
    ...role, kind: 'RoleBinding', roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reader' },
    subjects: [{ kind: 'ServiceAccount', name: 'default', namespace }], rules: undefined,
  })
  await expect.poll(() => client.get(`/api/v1/namespaces/${namespace}/configmaps`).then(() => 'allowed', (error: unknown) => error instanceof KubeError ? error.reason : error)).toBe('allowed')
  await client.close()
  const said = (await kube.auditLog()).filter(({ userAgent }) => userAgent === 'rights-test')
  expect(said.filter(({ resource }) => resource === 'secrets')).toMatchObject([{ verb: 'list', namespace, status: 403, user: `system:serviceaccount:${namespace}:default` }])
  expect(said.at(-1)).toMatchObject({ verb: 'list', resource: 'configmaps', status: 200 })
})

test('writes of counts stand in the audit log with their bodies', async () => {
  const namespace = await kube.namespace()
  await kube.admin.apply(deployment(namespace, 'counted', 0))
  await scaleTo(await kube.admin.pathOf(deployment(namespace, 'counted', 0)), 2)
  const writes = (await kube.auditLog()).filter(({ resource, name }) => resource === 'deployments/scale' && name === 'counted')
  expect(writes).toMatchObject([{ verb: 'patch', status: 200, userAgent: 'test-admin', body: { spec: { replicas: 2 } } }])
})

test('the API server comes back on its port with its data, and a forgotten past is a 410', async () => {
  const namespace = await kube.namespace()
  const path = `/api/v1/namespaces/${namespace}/configmaps`
  await kube.admin.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name: 'kept' } })
  const { metadata: { resourceVersion } } = await kube.admin.get<{ metadata: { resourceVersion: string } }>(path)
  await kube.admin.apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name: 'later' } })
  await kube.killApiServer()
  await expect(kube.admin.get(path)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  await kube.compactEtcd()
  await kube.restartApiServer()
  expect((await kube.admin.get(`${path}/kept`)).metadata.name).toBe('kept')
  const refused = await kube.admin.request<string>('GET', `${path}?watch=true&timeoutSeconds=1&resourceVersion=${resourceVersion}`).catch((error: unknown) => error)
  expect(refused instanceof KubeError ? refused.status : JSON.stringify(refused)).toSatisfy(said => said === 410 || String(said).includes('410'))
  const object = deployment(namespace, 'after', 1)
  await kube.admin.apply(object)
  await readyAt(await kube.admin.pathOf(object), 1) // controllers and kubelet go on
})
