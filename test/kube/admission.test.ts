import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { Agent, request } from 'undici'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { freePort } from '../../src/local/free-port.js'
import { command, Run } from '../scenario/harness.js'
import { type KubeControlPlane, kubeControlPlane, type KubeObject } from '../servers/kube.js'
import { vectorCases } from '../vectors/support.js'
import { conditionOf, deployment, installKinds, installRights, type Scaled, scaledObject, scaledObjectPath, window } from './operator.js'

const component = 'deploy/components/webhook'
const served: number[] = []
let kube: KubeControlPlane
let rights: string
let replicas: readonly Run[]
let agent: Agent

beforeAll(async () => {
  kube = await kubeControlPlane()
  await installKinds(kube, 'keda.sh', 'tidegate.dev')
  rights = await installRights(kube)
  for (const document of await documents('role.yaml')) await kube.admin.apply(document)
  await kube.namespace('before')
  await kube.admin.apply(broken('before', 'older'))
  for (let i = 0; i < 2; i++) served.push(await freePort(Math.random, new Set(served)))
  await kube.admin.apply(await configuration(served[0] ?? 0))
  replicas = served.map(port => new Run(['operator', '--kubeconfig', rights, '--port', '0', '--lease-namespace', 'tidegate', '--keda-metrics', '--webhook', '--webhook-port', String(port)]))
  for (const run of replicas) {
    await run.ready()
    await run.line(l => l.msg === 'the webhook is served')
  }
  const user = (parse(await readFile(kube.adminKubeconfig, 'utf8')) as { readonly users: readonly { readonly user: Readonly<Record<string, string>> }[] }).users[0]?.user ?? {}
  const decoded = (name: string): string => Buffer.from(user[name] ?? '', 'base64').toString()
  agent = new Agent({ connect: { ca: kube.ca, cert: decoded('client-certificate-data'), key: decoded('client-key-data') } })
})
afterAll(async () => {
  await Promise.all(replicas.map(run => run.end()))
  await agent.close()
  await kube.stop()
})

const documents = async (file: string): Promise<readonly KubeObject[]> => parseAllDocuments(await readFile(join(component, file), 'utf8')).map(document => document.toJS() as KubeObject)

interface Configuration extends KubeObject { readonly webhooks: readonly { readonly clientConfig: { readonly caBundle?: string, readonly url?: string } }[] }

/** The shipped one, and the address of a process beside the API server instead of a Service in the cluster. */
async function configuration (port: number): Promise<Configuration> {
  const [shipped] = await documents('configuration.yaml') as [Configuration]
  return { ...shipped, webhooks: shipped.webhooks.map(webhook => ({ ...webhook, clientConfig: { url: `https://127.0.0.1:${port}/validate` } })) }
}

const broken = (namespace: string, name: string): KubeObject =>
  scaledObject('keda.sh', namespace, name, { triggers: [{ type: 'no-such-scaler', metadata: {} }] }, { finalizers: ['example.com/keep'] })

interface Answer { readonly status: number, readonly message: string, readonly warnings: string }

/** A write by the admin, and what the API server says to it. */
async function write (method: 'POST' | 'PUT', path: string, object: KubeObject): Promise<Answer> {
  const answer = await request(`${kube.url}${path}`, { method, dispatcher: agent, headers: { 'content-type': 'application/json' }, body: JSON.stringify(object) })
  const { message = '' } = await answer.body.json() as { readonly message?: string }
  return { status: answer.statusCode, message, warnings: [answer.headers['warning'] ?? []].flat().join('\n').replaceAll('\\"', '"') }
}

const collection = (group: string, namespace: string, plural = 'scaledobjects'): string => `/apis/${group}/v1alpha1/namespaces/${namespace}/${plural}`
const create = (object: KubeObject, plural?: string, query = ''): Promise<Answer> =>
  write('POST', `${collection(String(object.apiVersion).split('/')[0] ?? '', object.metadata.namespace ?? '', plural)}${query}`, object)

/** The same answer again and again until the replica that is asked has seen what stands beside the object. Nothing is created by asking. */
async function denied (object: KubeObject): Promise<Answer> {
  let answer = await create(object, undefined, '?dryRun=All')
  await expect.poll(async () => (answer = await create(object, undefined, '?dryRun=All')).status, { timeout: 20_000 }).toBe(422)
  return answer
}

const good = { triggers: [window(true)] }

test('what lint calls an error is denied in the same words, with code, path and hint', async () => {
  const namespace = await kube.namespace()
  const object = scaledObject('tidegate.dev', namespace, 'orders', { triggers: [{ type: 'azure-queue', metadata: { queueLenght: '5', queueName: 'orders', connectionFromEnv: 'C' } }] })
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-admission-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'orders.json.yaml'), JSON.stringify(object, undefined, 2))
  const { text } = await command('lint', folder)
  const [said] = text.split('\n').filter(line => line.includes('TG_CONFIG_UNKNOWN_FIELD')).map(line => line.replace(/^\S+ /, ''))
  expect(said).toMatch(/^error TG_CONFIG_UNKNOWN_FIELD spec\.triggers\[0\]\.metadata\.queueLenght: no such field .*did you mean queueLength\?$/)
  const { status, message } = await create(object)
  expect(status).toBe(422)
  expect(message).toContain('admission webhook "validate.tidegate.dev" denied the request: ')
  expect(message).toContain(said)
})

test('an unknown metadata key in a keda.sh object is a warning and never a denial', async () => {
  const namespace = await kube.namespace()
  const { status, warnings } = await create(scaledObject('keda.sh', namespace, 'orders', { triggers: [{ type: 'azure-queue', metadata: { queueLenght: '5', queueName: 'orders', connectionFromEnv: 'C' } }] }))
  expect(status).toBe(201)
  expect(warnings).toContain('TG_CONFIG_UNKNOWN_FIELD')
  expect(warnings).toContain('did you mean queueLength?')
})

test('Triggers, ScaledJobs and authentications are checked too', async () => {
  const namespace = await kube.namespace()
  const trigger = (source: Readonly<Record<string, unknown>>): KubeObject => ({ apiVersion: 'tidegate.dev/v1alpha1', kind: 'Trigger', metadata: { namespace, name: 'audit' }, spec: { source, function: { name: 'audit' } } })
  expect((await create(trigger({ jetstream: { subject: 'a' } }), 'triggers')).message).toContain('TG_CONNECTOR_UNKNOWN')
  expect(await create(trigger({ cron: { schedule: '0 * * * *' } }), 'triggers')).toMatchObject({ status: 201, warnings: '' })
  const job: KubeObject = { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledJob', metadata: { namespace, name: 'j' }, spec: { jobTargetRef: { template: {} }, triggers: [{ type: 'corn', metadata: {} }] } }
  expect((await create(job, 'scaledjobs')).message).toContain('did you mean cron?')
  const authentication: KubeObject = { apiVersion: 'keda.sh/v1alpha1', kind: 'TriggerAuthentication', metadata: { namespace, name: 'a' }, spec: { hashiCorpVault: { address: 'http://vault', authentication: 'token', secrets: [{ key: 'k', parameter: 'p', path: 'x' }] } } }
  expect((await create(authentication, 'triggerauthentications')).message).toContain('TG_CONFIG_NOT_BUILT spec.hashiCorpVault')
  const wide = { ...authentication, kind: 'ClusterTriggerAuthentication', metadata: { name: 'a' } }
  expect((await write('POST', '/apis/keda.sh/v1alpha1/clustertriggerauthentications', wide)).message).toContain('TG_CONFIG_NOT_BUILT spec.hashiCorpVault')
})

test('of what was wrong before the webhook came, finalizers go and annotations of the operator are written; an edit is checked', async () => {
  const path = scaledObjectPath('keda.sh', 'before', 'older')
  await kube.admin.patch(path, { metadata: { annotations: { 'tidegate.dev/memory': '1 {}' }, labels: { seen: 'yes' } } })
  const edit = { ...await kube.admin.get(path), spec: { ...broken('before', 'older')['spec'] as object, maxReplicaCount: 7 } }
  expect((await write('PUT', path, edit)).message).toContain('TG_SCALER_UNKNOWN')
  await kube.admin.patch(path, { metadata: { finalizers: null } })
  expect((await kube.admin.get(path)).metadata['finalizers']).toBeUndefined()
  await kube.admin.delete(path)
  await kube.admin.until(path, object => object === undefined)
})

test('a second ScaledObject on a target is refused', async () => {
  const namespace = await kube.namespace()
  const [first, second] = ['first', 'second'].map(name => scaledObject('tidegate.dev', namespace, name, { ...good, scaleTargetRef: { name: 'office' } })) as [KubeObject, KubeObject]
  expect((await create(first)).status).toBe(201)
  expect((await denied(second)).message).toContain(`the workload 'office' of type 'apps/v1.Deployment' is already managed by the ScaledObject 'first'`)
})

test('the operator itself is not asked about: it works on an object while both serve the webhook', async () => {
  const namespace = await kube.namespace()
  await kube.admin.apply(deployment(namespace, 'office', 0))
  expect((await create(scaledObject('tidegate.dev', namespace, 'office', good))).status).toBe(201)
  await kube.admin.until<Scaled>(scaledObjectPath('tidegate.dev', namespace, 'office'), so => conditionOf(so, 'Active')?.status === 'True')
})

test('both replicas serve with one certificate, which the configuration trusts; its key is in no log', async () => {
  const { data } = await kube.admin.get('/api/v1/namespaces/tidegate/secrets/tidegate-webhook') as unknown as { readonly data: Readonly<Record<string, string>> }
  const { webhooks } = await kube.admin.get<Configuration>('/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/tidegate-webhook')
  expect(webhooks[0]?.clientConfig.caBundle).toBe(data['ca.crt'])
  const fingerprints = await Promise.all(served.map(port => new Promise(resolve => {
    const socket = connect({ host: '127.0.0.1', port, ca: Buffer.from(data['ca.crt'] ?? '', 'base64'), servername: 'tidegate-webhook.tidegate.svc' }, () => {
      resolve(socket.getPeerCertificate().fingerprint256)
      socket.destroy()
    }).on('error', resolve)
  })))
  expect(fingerprints[0]).toMatch(/^[0-9A-F:]{95}$/)
  expect(fingerprints[1]).toBe(fingerprints[0])
  expect(replicas.map(run => run.log.some(line => JSON.stringify(line).includes('PRIVATE KEY')))).toEqual([false, false])
})

test('metrics say which replica leads, what it knows, what it asks and what the webhook said', async () => {
  const texts = await Promise.all(replicas.map(async run => await (await fetch(`${String(run.log.find(l => l.msg === 'ready')?.['address'])}/metrics`)).text()))
  const value = (text: string, series: string): number => Number(new RegExp(`^${series.replace(/[{}"]/g, '\\$&')} (.*)$`, 'm').exec(text)?.[1])
  expect(texts.map(text => value(text, 'tidegate_leader')).sort()).toEqual([0, 1])
  for (const text of texts) {
    expect(value(text, 'tidegate_watched_objects{resource="scaledobjects.keda.sh"}')).toBeGreaterThan(0)
    expect(value(text, 'tidegate_api_requests_total{verb="get",code="200"}')).toBeGreaterThan(0)
    expect(value(text, 'tidegate_api_requests_total{verb="watch",code="200"}')).toBeGreaterThan(0)
    expect(value(text, 'tidegate_api_requests_waiting{urgency="status"}')).toBe(0)
  }
  const leading = texts.find(text => value(text, 'tidegate_leader') === 1) ?? ''
  expect(leading).toMatch(/^keda_scaler_active\{namespace="[^"]+",metric="s0-cron-[^"]+",scaledObject="office",scaler="cronScaler",triggerIndex="0",type="scaledobject"\} 1$/m)
  expect(value(texts[0] ?? '', 'tidegate_webhook_reviews_total{kind="ScaledObject",outcome="denied"}')).toBeGreaterThan(0)
  expect(value(texts[0] ?? '', 'tidegate_webhook_reviews_total{kind="ScaledObject",outcome="allowed"}')).toBeGreaterThan(0)
})

test('beside a KEDA at work its objects are left to its own webhook, until they are claimed', async () => {
  const namespace = await kube.namespace()
  await kube.admin.apply(deployment(namespace, 'keda-operator', 1))
  const foreign = scaledObject('keda.sh', namespace, 'theirs', { triggers: [{ type: 'prometheus', metadata: {} }] })
  await expect.poll(async () => (await create(foreign, undefined, '?dryRun=All')).status, { timeout: 20_000 }).toBe(201)
  const claimed = { ...foreign, metadata: { ...foreign.metadata, annotations: { 'tidegate.dev/claim': 'true' } } }
  expect((await create(claimed, undefined, '?dryRun=All')).message).toContain('TG_SCALER_NOT_BUILT')
  await kube.admin.delete(`/apis/apps/v1/namespaces/${namespace}/deployments/keda-operator`)
  await expect.poll(async () => (await create(foreign, undefined, '?dryRun=All')).status, { timeout: 20_000 }).toBe(422)
})

test('without its rights the webhook is not served, which is said, and everything else goes on', async () => {
  await kube.admin.delete('/apis/rbac.authorization.k8s.io/v1/namespaces/tidegate/rolebindings/tidegate-webhook')
  onTestFinished(async () => { for (const document of await documents('role.yaml')) await kube.admin.apply(document) })
  const run = new Run(['operator', '--kubeconfig', rights, '--port', '0', '--lease-namespace', 'tidegate', '--webhook', '--webhook-port', '0', '--webhook-name', 'another'])
  onTestFinished(() => run.end())
  await run.ready()
  expect(String((await run.line(l => l.msg.startsWith('the certificate of the webhook')))['err'])).toContain('forbidden')
  expect(run.isRunning).toBe(true)
})

interface Given {
  readonly kind: string, readonly action: string, readonly dryRun?: boolean
  readonly scaledObject: KubeObject, readonly oldScaledObject?: KubeObject
  readonly cluster?: { readonly hpas?: readonly { readonly name: string, readonly scaleTargetRef: object, readonly ownerReferences?: readonly { readonly kind: string, readonly name: string }[] }[], readonly scaledObjects?: readonly KubeObject[] }
}
interface Expected { readonly allowed: boolean, readonly warningsContain?: readonly string[], readonly warningsNotContain?: readonly string[], readonly warningsEmpty?: boolean }

describe('KEDA\'s cases of its own webhook', () => {
  const cases = vectorCases<Given, Expected>('scaledobject_validation').filter(({ given }) => given.kind === 'admission' || given.kind === 'warnings')
  test.each(cases.map(one => [one.id, one] as const))('%s', async (_, { given, expect: wanted }) => {
    const namespace = await kube.namespace()
    const document = ({ metadata, ...rest }: KubeObject): KubeObject => ({ apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', ...rest, metadata: { ...metadata, namespace } })
    for (const other of [...given.cluster?.scaledObjects ?? [], ...given.oldScaledObject === undefined ? [] : [given.oldScaledObject]]) expect(await create(document(other))).toMatchObject({ status: 201 })
    for (const { name, scaleTargetRef, ownerReferences = [] } of given.cluster?.hpas ?? []) {
      const owners = ownerReferences.map(owner => ({ apiVersion: 'keda.sh/v1alpha1', uid: '6a1d9f5e-0000-4000-8000-000000000000', ...owner }))
      await kube.admin.apply({ apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { namespace, name, ownerReferences: owners }, spec: { scaleTargetRef, maxReplicas: 9, metrics: [] } })
    }
    const object = document(given.scaledObject)
    const path = scaledObjectPath('keda.sh', namespace, object.metadata.name)
    const answer = !wanted.allowed ? await denied(object)
      : given.action === 'update' ? await write('PUT', path, { ...object, metadata: { ...object.metadata, resourceVersion: (await kube.admin.get(path)).metadata.resourceVersion ?? '' } })
        : await create(object)
    expect([answer.status < 300, answer.message]).toEqual([wanted.allowed, wanted.allowed ? '' : answer.message])
    for (const text of wanted.warningsContain ?? []) expect(answer.warnings).toContain(text)
    for (const text of wanted.warningsNotContain ?? []) expect(answer.warnings).not.toContain(text)
    if (wanted.warningsEmpty === true) expect(answer.warnings).toBe('')
  })
})
