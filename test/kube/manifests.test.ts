import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Pool } from 'undici'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { Run } from '../scenario/harness.js'
import { type KubeControlPlane, kubeControlPlane, type KubeObject } from '../servers/kube.js'
import { kubectl } from '../servers/kubectl.js'
import { find, kustomize } from '../deploy/render.js'

const account = 'system:serviceaccount:tidegate:tidegate'
let kube: KubeControlPlane
let objects: readonly KubeObject[]

beforeAll(async () => {
  kube = await kubeControlPlane()
  objects = await kustomize('deploy/manifests')
  expect(await kubectl(kube.adminKubeconfig, ['apply', '--server-side', '-k', 'deploy/manifests'])).toMatchObject({ code: 0, error: '' })
})
afterAll(async () => { await kube.stop() })

interface Deployment extends KubeObject { readonly status: { readonly readyReplicas?: number } }

test('two replicas start under restricted pod security', async () => {
  const namespace = await kube.admin.get('/api/v1/namespaces/tidegate')
  expect(namespace.metadata.labels).toMatchObject({ 'pod-security.kubernetes.io/enforce': 'restricted' })
  await kube.admin.until<Deployment>('/apis/apps/v1/namespaces/tidegate/deployments/tidegate', d => d?.status.readyReplicas === 2)
})

test('the namespace would have refused less: the restriction is enforced', async () => {
  const careless = { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'tidegate', name: 'careless' }, spec: { serviceAccountName: 'tidegate', containers: [{ name: 'a', image: 'a' }] } }
  await expect(kube.admin.apply(careless)).rejects.toThrow(/violates PodSecurity "restricted/)
})

test('applying it again changes nothing', async () => {
  expect(await kubectl(kube.adminKubeconfig, ['diff', '--server-side', '-k', 'deploy/manifests'])).toEqual({ code: 0, out: '', error: '' })
})

test('the server puts leases and what a wake waits for on levels where nobody else is in their way', async () => {
  const asks = await asking(await kube.kubeconfig(account))
  onTestFinished(() => asks.close())
  const { items } = await kube.admin.get<{ readonly items: readonly KubeObject[] }>('/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas')
  const schemaOf = async (method: Method, path: string): Promise<string | undefined> => {
    const uid = await asks.flowOf(method, path)
    return items.find(({ metadata }) => metadata.uid === uid)?.metadata.name
  }
  const [shop, keda, ours] = ['/namespaces/shop', '/apis/keda.sh/v1alpha1', '/apis/tidegate.dev/v1alpha1']
  expect(await schemaOf('GET', '/apis/coordination.k8s.io/v1/namespaces/tidegate/leases/tidegate')).toBe('tidegate-leases')
  const awaited: readonly (readonly [Method, string])[] = [
    ['GET', `/apis/apps/v1${shop}/deployments/some/scale`], ['PATCH', `/apis/apps/v1${shop}/deployments/some/scale`], ['PATCH', `/apis/apps/v1${shop}/statefulsets/some/scale`],
    ['PATCH', `${keda}${shop}/scaledobjects/some`], ['PATCH', `${ours}${shop}/scaledobjects/some`], ['PATCH', `${ours}${shop}/triggers/some`], ['PATCH', `${keda}${shop}/scaledjobs/some`],
    ['POST', `/apis/batch/v1${shop}/jobs`], ['PATCH', `/api/v1${shop}/pods/some`],
  ]
  for (const [method, path] of awaited) expect({ method, path, schema: await schemaOf(method, path) }).toEqual({ method, path, schema: 'tidegate-counts' })
  const patient: readonly (readonly [Method, string])[] = [
    ['GET', '/apis/apps/v1/deployments'], ['GET', `${ours}/scaledobjects`], ['PATCH', `${keda}${shop}/scaledobjects/some/status`], ['POST', `/apis/events.k8s.io/v1${shop}/events`], ['DELETE', `/apis/batch/v1${shop}/jobs/some`],
  ]
  for (const [method, path] of patient) expect({ method, path, schema: await schemaOf(method, path) }).toEqual({ method, path, schema: 'service-accounts' })
  for (const name of ['tidegate-leases', 'tidegate-counts']) {
    await kube.admin.until<Flow>(`/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/${name}`, flow => flow?.status.conditions.some(c => c.type === 'Dangling' && c.status === 'False') === true)
  }
})

type Method = 'GET' | 'PATCH' | 'POST' | 'DELETE'

interface Asking { flowOf(method: Method, path: string): Promise<string>, close(): Promise<void> }

interface Config { readonly clusters: readonly [{ readonly cluster: { readonly server: string, readonly 'certificate-authority-data': string } }], readonly users: readonly [{ readonly user: { readonly token: string } }] }

/** Requests of one account that change nothing: a level is chosen before the answer, which says by which schema, whether the object is there or not. */
async function asking (kubeconfig: string): Promise<Asking> {
  const { clusters: [{ cluster }], users: [{ user }] } = JSON.parse(await readFile(kubeconfig, 'utf8')) as Config
  const pool = new Pool(cluster.server, { connections: 1, connect: { ca: Buffer.from(cluster['certificate-authority-data'], 'base64') } })
  return {
    async flowOf (method, path) {
      const headers = { authorization: `Bearer ${user.token}`, 'content-type': method === 'PATCH' ? 'application/merge-patch+json' : 'application/json' }
      const answer = await pool.request({ method, path: `${path}${method === 'GET' ? '' : '?dryRun=All'}`, headers, ...(method === 'GET' ? {} : { body: '{}' }) })
      await answer.body.dump()
      return String(answer.headers['x-kubernetes-pf-flowschema-uid'])
    },
    close: () => pool.close(),
  }
}

type Flow = KubeObject & { readonly status: { readonly conditions: readonly { readonly type: string, readonly status: string }[] } }

interface PodTemplate { readonly template: { readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] } } }

test('the program starts with the arguments of the Deployment and the rights of its account, and is refused nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-manifests-'))
  const config = join(folder, 'tidegate.yaml')
  await writeFile(config, (find(objects, 'ConfigMap')['data'] as Readonly<Record<string, string>>)['tidegate.yaml'] ?? '')
  const args = (find(objects, 'Deployment')['spec'] as PodTemplate).template.spec.containers[0]?.args.map(arg => ({ 8080: '0', '0.0.0.0': '127.0.0.1', '/etc/tidegate/tidegate.yaml': config }[arg] ?? arg)) ?? []
  const run = new Run([...args, '--kubeconfig', await kube.kubeconfig(account), '--lease-namespace', 'tidegate'])
  onTestFinished(async () => {
    await run.stop()
    await rm(folder, { recursive: true, force: true })
  })
  await run.ready()
  const { address } = await run.line(l => l.msg === 'ready') as { address?: string }
  for (const probe of ['/healthz', '/readyz']) await expect.poll(async () => (await fetch(`${address}${probe}`)).status).toBe(200)
  await kube.admin.until<KubeObject & { spec: { holderIdentity?: string } }>('/apis/coordination.k8s.io/v1/namespaces/tidegate/leases/tidegate', lease => (lease?.spec.holderIdentity ?? '') !== '')
  const asked = (await kube.auditLog()).filter(({ user }) => user === account)
  expect(asked.length).toBeGreaterThan(5)
  expect(asked.filter(({ status }) => status === 401 || status === 403)).toEqual([])
})

interface Attributes { readonly verb: string, readonly group?: string, readonly resource: string, readonly subresource?: string, readonly namespace?: string, readonly name?: string }

async function may (attributes: Attributes): Promise<boolean> {
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', spec: { user: account, groups: ['system:serviceaccounts'], resourceAttributes: attributes } }
  const { status } = await kube.admin.request<{ status: { allowed: boolean } }>('POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', review)
  return status.allowed
}

test.each<[string, Attributes]>([
  ['sets counts', { verb: 'patch', group: 'apps', resource: 'deployments', subresource: 'scale', namespace: 'any' }],
  ['watches its kinds', { verb: 'watch', group: 'tidegate.dev', resource: 'triggers' }],
  ['watches KEDA\'s', { verb: 'watch', group: 'keda.sh', resource: 'scaledobjects' }],
  ['writes status', { verb: 'patch', group: 'keda.sh', resource: 'scaledobjects', subresource: 'status', namespace: 'any' }],
  ['remembers in an annotation', { verb: 'patch', group: 'tidegate.dev', resource: 'triggers', namespace: 'any' }],
  ['gets a Secret', { verb: 'get', resource: 'secrets', namespace: 'any' }],
  ['holds the Lease', { verb: 'update', group: 'coordination.k8s.io', resource: 'leases', namespace: 'tidegate', name: 'tidegate' }],
])('the operator %s', async (_what, attributes) => {
  expect(await may(attributes)).toBe(true)
})

test.each<[string, Attributes]>([
  ['lists no Secrets', { verb: 'list', resource: 'secrets', namespace: 'any' }],
  ['watches no Secrets', { verb: 'watch', resource: 'secrets' }],
  ['changes no Deployment but its count', { verb: 'patch', group: 'apps', resource: 'deployments', namespace: 'any' }],
  ['makes no tokens', { verb: 'create', resource: 'serviceaccounts', subresource: 'token', namespace: 'any' }],
  ['has no lease elsewhere', { verb: 'update', group: 'coordination.k8s.io', resource: 'leases', namespace: 'any', name: 'tidegate' }],
  ['touches no other lease', { verb: 'update', group: 'coordination.k8s.io', resource: 'leases', namespace: 'tidegate', name: 'other' }],
  ['lists no ConfigMaps', { verb: 'list', resource: 'configmaps', namespace: 'any' }],
  ['deletes no pods', { verb: 'delete', resource: 'pods', namespace: 'any' }],
  ['changes no autoscaler', { verb: 'patch', group: 'autoscaling', resource: 'horizontalpodautoscalers', namespace: 'any' }],
])('the operator %s', async (_what, attributes) => {
  expect(await may(attributes)).toBe(false)
})
