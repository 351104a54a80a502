import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { Fact } from '../../src/cli/doctor/facts.js'
import { type KubeControlPlane, kubeControlPlane, type KubeObject } from '../servers/kube.js'
import { natsServer } from '../servers/nats.js'
import { runToEnd } from '../servers/run-to-end.js'
import { deployment, fast, installKinds, installRights, scaledObject, window, writes, askedBy } from './operator.js'

let kube: KubeControlPlane
let rights: string
let home: string
beforeAll(async () => {
  kube = await kubeControlPlane()
  home = await kube.namespace()
})
afterAll(async () => { await kube.stop() })

const bin = process.env['TIDEGATE_BIN'] ?? 'dist/bin.cjs'

async function doctor (...args: readonly string[]): Promise<{ readonly code: number | null, readonly lines: readonly string[] }> {
  const { code, out, error } = await runToEnd(process.execPath, [bin, 'doctor', ...args])
  return { code, lines: `${out}${error}`.trimEnd().split('\n') }
}
async function facts (...args: readonly string[]): Promise<{ readonly code: number | null, readonly facts: readonly Fact[], readonly of: (area: string) => readonly string[] }> {
  const { code, lines } = await doctor(...args, '-o', 'json')
  const { facts } = JSON.parse(lines.join('\n')) as { readonly facts: readonly Fact[] }
  return { code, facts, of: area => facts.filter(f => f.area === area).map(f => `${f.state} ${f.message}`) }
}

test('an empty cluster: what is missing, and what to do about it', async () => {
  const { code, lines } = await doctor('--kubeconfig', kube.adminKubeconfig, '--lease-namespace', home)
  expect(code).toBe(1)
  expect(lines[0]).toMatch(/^ok {6}cluster {4}the API server at .* answers: Kubernetes v1\.36/)
  expect(lines).toContainEqual('problem kinds      tidegate.dev is not installed; next: tidegate crds | kubectl apply --server-side -f -')
  expect(lines).toContainEqual(expect.stringMatching(/^note {4}kinds {6}keda\.sh is not installed/))
  expect(lines).toContainEqual('ok      KEDA       no keda-operator is at work')
  expect(lines.at(-1)).toBe('1 problem, 0 warnings')
})

test('no cluster: one line says so, and what to do', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-doctor-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const config = join(folder, 'config')
  await writeFile(config, JSON.stringify({ apiVersion: 'v1', kind: 'Config', 'current-context': 'c', contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }], clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }], users: [{ name: 'u', user: {} }] }))
  const { code, lines } = await doctor('--kubeconfig', config)
  expect(code).toBe(1)
  expect(lines).toHaveLength(2)
  expect(lines[0]).toMatch(/^problem cluster {4}the API server at 127\.0\.0\.1:1 cannot be asked: .*next: give a kubeconfig/)
})

test('this machine: its Node, the state folder, the manifests, their programs', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-doctor-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const worker = (name: string, command: string): object => ({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name }, spec: { selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'main', command: [command] }] } } } })
  await writeFile(join(folder, 'a.yaml'), [worker('good', 'node'), worker('bad', 'no-such-program')].map(d => JSON.stringify(d)).join('\n---\n'))
  const found = await facts('-f', folder)
  expect(found.code).toBe(1)
  expect(found.of('machine')).toEqual([`ok Node ${process.versions.node}`, expect.stringMatching(/^ok state can be kept in/)])
  expect(found.of('manifests')).toEqual(['ok 2 objects, no errors', expect.stringMatching(/^ok Deployment good runs \/.*node$/), 'problem Deployment bad: there is no program no-such-program'])
})

test('a cluster at work: whose each object is, which rights are missing, what each source says, and that KEDA is here', async () => {
  await installKinds(kube, 'keda.sh', 'tidegate.dev')
  rights = await installRights(kube)
  const server = await natsServer()
  onTestFinished(() => server.stop())
  const [shop, mail, keda] = [await kube.namespace(), await kube.namespace(), await kube.namespace()]
  const by = (name: string): object => ({ type: 'metrics-api', metadata: { url: 'http://127.0.0.1:1/', valueLocation: 'depth', targetValue: '4', authMode: 'bearer' }, authenticationRef: { name } })
  const authentication = (spec: object): KubeObject => ({ apiVersion: 'keda.sh/v1alpha1', kind: 'TriggerAuthentication', metadata: { namespace: shop, name: 'login' }, spec })
  for (const object of [
    deployment(shop, 'ours', 1), scaledObject('keda.sh', shop, 'ours', { ...fast, triggers: [window(true, 2)] }),
    scaledObject('keda.sh', shop, 'lost', { ...fast, triggers: [window(true)] }),
    deployment(shop, 'theirs', 1), scaledObject('keda.sh', shop, 'theirs', { ...fast, triggers: [window(true)] }, { finalizers: ['finalizer.keda.sh'] }),
    deployment(shop, 'secretive', 1, { envFrom: [{ secretRef: { name: 'environment' } }] }), scaledObject('tidegate.dev', shop, 'secretive', { ...fast, triggers: [by('login'), { type: 'azure-queue', metadata: { queueName: 'q', connectionFromEnv: 'STORAGE' } }] }),
    { ...deployment(shop, 'set', 1), kind: 'ReplicaSet' }, scaledObject('tidegate.dev', shop, 'set', { ...fast, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'set' }, triggers: [window(true)] }),
    authentication({ secretTargetRef: [{ parameter: 'token', name: 'login', key: 'token' }], boundServiceAccountToken: [{ parameter: 'other', serviceAccountName: 'reader' }] }),
    { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: shop, name: 'login' }, stringData: { token: 'sesame' } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace: shop, name: 'reader' } },
    deployment(mail, 'mailer', 0), { apiVersion: 'tidegate.dev/v1alpha1', kind: 'Trigger', metadata: { namespace: mail, name: 'mailer' }, spec: { source: { nats: { servers: server.url, subject: 'mail' } }, function: { name: 'mailer', port: 80 } } },
  ] as readonly KubeObject[]) await kube.admin.apply(object)
  const found = await facts('--kubeconfig', rights, '--lease-namespace', 'tidegate')
  expect(found.code).toBe(1)
  expect(found.of('kinds')).toEqual(['ok tidegate.dev is installed and current', 'ok keda.sh is installed and current'])
  expect(found.of('objects')).toEqual(expect.arrayContaining([
    `ok ScaledObject ${shop}/ours is ours`, `problem ScaledObject ${shop}/lost is not run: TG_TARGET_NOT_FOUND Deployment ${shop}/lost does not exist`,
    `note ScaledObject ${shop}/theirs is KEDA's: it carries finalizer.keda.sh`, `ok Trigger ${mail}/mailer is ours`,
  ]))
  expect(found.of('sources')).toEqual(expect.arrayContaining([
    expect.stringMatching(new RegExp(`^ok ScaledObject ${shop}/ours, trigger s0 \\(cron\\): answers: `)), `ok Trigger ${mail}/mailer (nats): ${server.url} is reached`,
  ]))
  expect([...found.of('rights')].sort()).toEqual([
    `problem we may not create serviceaccounts/token "reader" in ${shop}`, ...['get apps/replicasets', 'get apps/replicasets/scale', 'patch apps/replicasets/scale'].map(r => `problem we may not ${r} in ${shop}`),
  ].sort())
  expect(found.of('KEDA')).toEqual(['ok no keda-operator is at work'])
  // What --print-rbac writes is what was missing, with every Secret by its name: after it nothing is.
  const printed = await doctor('--kubeconfig', rights, '--print-rbac')
  const roles = parseAllDocuments(printed.lines.join('\n')).map(d => d.toJS() as KubeObject & { readonly rules?: readonly object[] }).filter(d => d !== null)
  expect(roles.find(r => r.kind === 'Role')?.rules).toEqual(expect.arrayContaining([
    { apiGroups: [''], resources: ['secrets'], resourceNames: ['environment', 'login'], verbs: ['get'] }, { apiGroups: [''], resources: ['serviceaccounts/token'], resourceNames: ['reader'], verbs: ['create'] },
    { apiGroups: ['apps'], resources: ['replicasets'], verbs: ['get'] }, { apiGroups: ['apps'], resources: ['replicasets/scale'], verbs: ['get', 'patch'] },
  ]))
  for (const role of roles) await kube.admin.apply(role)
  const secretsRole = '/apis/rbac.authorization.k8s.io/v1/clusterroles/tidegate-secrets'
  await kube.admin.delete(secretsRole) // Secrets by their names alone are enough
  expect((await facts('--kubeconfig', kube.adminKubeconfig, '--service-account', 'tidegate/tidegate')).of('rights')).toEqual([expect.stringMatching(/^ok service account tidegate\/tidegate may do everything that is needed/)])
  await kube.admin.delete(`/apis/rbac.authorization.k8s.io/v1/clusterroles/tidegate`)
  const poor = await facts('--kubeconfig', kube.adminKubeconfig, '--service-account', 'tidegate/tidegate')
  expect(poor.of('rights')).toContain('problem service account tidegate/tidegate may not patch apps/deployments/scale')
  await kube.admin.apply({ ...deployment(keda, 'keda-operator', 1) })
  const now = new Date().toISOString().replace('Z', '000Z')
  await kube.admin.apply({ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { namespace: keda, name: 'operator.keda.sh' }, spec: { holderIdentity: 'keda', leaseDurationSeconds: 15, renewTime: now } })
  const beside = await facts('--kubeconfig', kube.adminKubeconfig, '--lease-namespace', 'tidegate')
  expect(beside.of('KEDA')).toEqual([`note Deployment ${keda}/keda-operator has replicas; its Lease is held: it works`])
  expect(beside.of('objects')).toContain(`note ScaledObject ${shop}/ours is KEDA's: a keda-operator is at work in this cluster`)
  expect(writes(await askedBy(kube)).map(e => e.resource).filter(r => !['selfsubjectaccessreviews', 'subjectaccessreviews', 'serviceaccounts/token'].includes(r))).toEqual([])
})
