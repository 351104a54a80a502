import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { Run } from '../scenario/harness.js'
import { type KubeControlPlane, kubeControlPlane, type KubeObject } from '../servers/kube.js'

const account = 'system:serviceaccount:tidegate:tidegate'
let kube: KubeControlPlane
let objects: readonly KubeObject[]

beforeAll(async () => {
  kube = await kubeControlPlane()
  objects = await build('deploy/manifests')
  for (const object of objects) await kube.admin.apply(object)
})
afterAll(async () => { await kube.stop() })

interface Kustomization { readonly resources: readonly string[], readonly images?: readonly unknown[] }

/** The objects of a kustomization, in its order; of what kustomize can do, the base uses nothing but lists and the image's name. */
async function build (folder: string): Promise<readonly KubeObject[]> {
  const { resources } = parse(await readFile(join(folder, 'kustomization.yaml'), 'utf8')) as Kustomization
  const found = await Promise.all(resources.map(async name => {
    const path = join(folder, name)
    if (!name.endsWith('.yaml')) return await build(path)
    return parseAllDocuments(await readFile(path, 'utf8')).map(document => document.toJS() as KubeObject)
  }))
  return found.flat()
}

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
  for (const object of objects) {
    const path = await kube.admin.pathOf(object)
    const { metadata: { generation } } = await kube.admin.get(path)
    const { metadata } = await kube.admin.apply(object)
    expect([path, metadata['generation']]).toEqual([path, generation])
  }
})

interface PodTemplate { readonly template: { readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] } } }

test('the program starts with the arguments of the Deployment and the rights of its account, and is refused nothing', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-manifests-'))
  const config = join(folder, 'tidegate.yaml')
  await writeFile(config, (find('ConfigMap')['data'] as Readonly<Record<string, string>>)['tidegate.yaml'] ?? '')
  const args = (find('Deployment')['spec'] as PodTemplate).template.spec.containers[0]?.args.map(arg => ({ 8080: '0', '0.0.0.0': '127.0.0.1', '/etc/tidegate/tidegate.yaml': config }[arg] ?? arg)) ?? []
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

const find = (kind: string): KubeObject => {
  const found = objects.find(object => object.kind === kind)
  if (found === undefined) throw new Error(`no ${kind} among the manifests`)
  return found
}

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
