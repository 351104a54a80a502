import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

test('the server puts leases and counts of the operator on levels where nobody else is in their way', async () => {
  const kubeconfig = await kube.kubeconfig(account)
  const schemaOf = async (...args: readonly string[]): Promise<string> => {
    const { error } = await kubectl(kubeconfig, [...args, '-v=8'])
    const [, uid] = /X-Kubernetes-Pf-Flowschema-Uid: (\S+)/i.exec(error) ?? []
    const { items } = await kube.admin.get<{ readonly items: readonly KubeObject[] }>('/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas')
    return items.find(({ metadata }) => metadata.uid === uid)?.metadata.name ?? error
  }
  const leases = '/apis/coordination.k8s.io/v1/namespaces/tidegate/leases/tidegate'
  expect(await schemaOf('get', '--raw', leases)).toBe('tidegate-leases')
  expect(await schemaOf('get', '--raw', '/apis/apps/v1/namespaces/any/deployments/some/scale')).toBe('tidegate-counts')
  expect(await schemaOf('get', '--raw', '/apis/apps/v1/deployments')).toBe('service-accounts')
  for (const name of ['tidegate-leases', 'tidegate-counts']) {
    await kube.admin.until<Flow>(`/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/${name}`, flow => flow?.status.conditions.some(c => c.type === 'Dangling' && c.status === 'False') === true)
  }
})

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
