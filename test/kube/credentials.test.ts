import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { QueueServiceClient } from '@azure/storage-queue'
import { AckPolicy, connect } from 'nats'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { until } from '../scenario/harness.js'
import { azurite, connectionStringFor } from '../servers/azurite.js'
import { type KubeControlPlane, kubeControlPlane, type KubeObject } from '../servers/kube.js'
import { natsServer } from '../servers/nats.js'
import { FunctionScene, runOperatorAmongPods } from './functions.js'
import { askedBy, conditionOf, type Deployment, deployment, deploymentPath, fast, installKinds, installRights, runOperator, type Scaled, scaledObject, scaledObjectPath } from './operator.js'

let kube: KubeControlPlane
let rights: string
beforeAll(async () => {
  kube = await kubeControlPlane()
  await installKinds(kube, 'keda.sh', 'tidegate.dev')
  rights = await installRights(kube)
})
afterAll(async () => { await kube.stop() })

const secret = (namespace: string, name: string, stringData: Readonly<Record<string, string>>): KubeObject => ({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name }, stringData })
const authentication = (namespace: string, name: string, spec: object): KubeObject => ({ apiVersion: 'keda.sh/v1alpha1', kind: 'TriggerAuthentication', metadata: { namespace, name }, spec })
const clusterAuthentication = (name: string, spec: object): KubeObject => ({ apiVersion: 'keda.sh/v1alpha1', kind: 'ClusterTriggerAuthentication', metadata: { name }, spec })
const ready = async (namespace: string, name: string, status: 'True' | 'False'): Promise<string> => {
  const found = await kube.admin.until<Scaled>(scaledObjectPath('keda.sh', namespace, name), so => conditionOf(so, 'Ready')?.status === status)
  return conditionOf(found, 'Ready')?.message ?? ''
}
const replicas = (namespace: string, name: string, count: number): Promise<unknown> => kube.admin.until<Deployment>(deploymentPath(namespace, name), d => d?.spec.replicas === count)

/** Answers with a depth to who presents a token that it likes, and with 401 to all others. */
async function depthServer (likes: (token: string) => boolean | Promise<boolean>, depth = 12): Promise<string> {
  const server = createServer((request, response) => {
    void Promise.resolve(likes((request.headers.authorization ?? '').replace('Bearer ', ''))).then(liked => response.writeHead(liked ? 200 : 401).end(JSON.stringify({ depth })))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => { server.closeAllConnections(); server.close() })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}
const byBearer = (url: string, name: string, kind = 'TriggerAuthentication'): object =>
  ({ type: 'metrics-api', metadata: { url, valueLocation: 'depth', targetValue: '4', authMode: 'bearer' }, authenticationRef: { name, kind } })

const users = (password: string): string => `authorization { users = [{ user: worker, password: "${password}" }, { user: boss, password: boss }] }`

test('a NATS user whose password is rotated: the doorbell and the delivery go on with the new one at once', async () => {
  const server = await natsServer({ config: users('first') })
  const boss = await connect({ servers: server.url, user: 'boss', pass: 'boss' })
  onTestFinished(async () => { await boss.close(); await server.stop() })
  const manager = await boss.jetstreamManager()
  await manager.streams.add({ name: 'ORDERS', subjects: ['orders'] })
  await manager.consumers.add('ORDERS', { durable_name: 'billing', ack_policy: AckPolicy.Explicit })
  await manager.streams.add({ name: 'MAIL', subjects: ['mail'] })
  const scene = await FunctionScene.open(kube)
  const { namespace } = scene
  await scene.apply(secret(namespace, 'nats', { username: 'worker', password: 'first' }),
    authentication(namespace, 'nats', { secretTargetRef: ['username', 'password'].map(key => ({ parameter: key, name: 'nats', key })) }), deployment(namespace, 'billing', 0),
    scaledObject('keda.sh', namespace, 'billing', { ...fast, pollingInterval: 3600, triggers: [{ type: 'nats-jetstream', authenticationRef: { name: 'nats' }, metadata: { servers: server.url, account: '$G', stream: 'ORDERS', consumer: 'billing', lagThreshold: '5' } }] }))
  await scene.fn('mailer', { natsJetstream: { servers: server.url, subject: 'mail', startFrom: { policy: 'All' } } }, {}, { authenticationRef: { name: 'nats' } })
  const run = await runOperatorAmongPods(kube, rights, '--namespace', namespace)
  await ready(namespace, 'billing', 'True')
  await kube.admin.until<Scaled>(scene.triggerPath('mailer'), t => conditionOf(t, 'Ready')?.status === 'True')
  await boss.jetstream().publish('mail', 'before')
  await until(() => scene.got().some(got => got.body === 'before'))
  await kube.admin.patch(`/api/v1/namespaces/${namespace}/secrets/nats`, { stringData: { password: 'second' } })
  await server.reconfigure(users('second'))
  await boss.jetstream().publish('mail', 'after')
  await Promise.all(Array.from({ length: 20 }, () => boss.jetstream().publish('orders', 'x')))
  await replicas(namespace, 'billing', 4) // by the doorbell: the next look is in an hour
  await until(() => scene.got().some(got => got.body === 'after'))
  expect(scene.got().map(got => got.body)).toEqual(['before', 'after'])
  expect(run.log.filter(l => l.level === 'error')).toEqual([])
})

test('the key of a storage account is rotated: nothing scales while it is refused, and the new one is used as soon as the Secret has it', async () => {
  const server = await azurite({ persistent: true })
  onTestFinished(() => server.stop())
  const queue = QueueServiceClient.fromConnectionString(server.connectionString).getQueueClient('uploads')
  await queue.create()
  for (let i = 0; i < 10; i++) await queue.sendMessage('x')
  const namespace = await kube.namespace()
  await kube.admin.apply(deployment(namespace, 'thumbnailer', 0, { env: [{ name: 'STORAGE', valueFrom: { secretKeyRef: { name: 'storage', key: 'connection' } } }] }))
  await kube.admin.apply(secret(namespace, 'storage', { connection: server.connectionString }))
  await kube.admin.apply(scaledObject('keda.sh', namespace, 'thumbnailer', { ...fast, triggers: [{ type: 'azure-queue', metadata: { queueName: 'uploads', queueLength: '5', connectionFromEnv: 'STORAGE' } }] }))
  const run = await runOperator(rights, '--namespace', namespace)
  await replicas(namespace, 'thumbnailer', 2)
  const key = randomBytes(64).toString('base64')
  await server.restart(key)
  await run.statusUntil('ScaledObject', 'thumbnailer', s => s.conditions.some(c => c.status === 'False' && c.message.includes('TG_SOURCE_REFUSED')))
  expect((await kube.admin.get<Deployment>(deploymentPath(namespace, 'thumbnailer'))).spec.replicas).toBe(2)
  await kube.admin.patch(`/api/v1/namespaces/${namespace}/secrets/storage`, { stringData: { connection: connectionStringFor(new URL(server.url).origin, key) } })
  await run.statusUntil('ScaledObject', 'thumbnailer', s => s.conditions.some(c => c.type === 'Ready' && c.status === 'True'))
  expect((await kube.admin.get<Deployment>(deploymentPath(namespace, 'thumbnailer'))).spec.replicas).toBe(2)
})

test('a token of a service account is asked for by name, is good, and without the right to it the condition says what is missing', async () => {
  const namespace = await kube.namespace()
  const review = (token: string): Promise<boolean> => kube.admin.request<{ status: { authenticated?: boolean, user?: { username: string } } }>('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: token === '' ? 'none' : token } })
    .then(({ status }) => status.user?.username === `system:serviceaccount:${namespace}:reader`)
  const url = await depthServer(review)
  await kube.admin.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name: 'reader' } })
  await kube.admin.apply(authentication(namespace, 'reader', { boundServiceAccountToken: [{ parameter: 'token', serviceAccountName: 'reader' }] }))
  for (const name of ['one', 'two']) {
    await kube.admin.apply(deployment(namespace, name, 0))
    await kube.admin.apply(scaledObject('keda.sh', namespace, name, { ...fast, triggers: [byBearer(url, 'reader')] }))
  }
  await runOperator(rights, '--namespace', namespace)
  expect(await ready(namespace, 'one', 'False')).toContain(`no right to tokens of ServiceAccount ${namespace}/reader`)
  const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { namespace, name: 'tidegate-tokens' } }
  await kube.admin.apply({ ...rbac, kind: 'Role', rules: [{ apiGroups: [''], resources: ['serviceaccounts/token'], resourceNames: ['reader'], verbs: ['create'] }] })
  await kube.admin.apply({ ...rbac, kind: 'RoleBinding', roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'tidegate-tokens' }, subjects: [{ kind: 'ServiceAccount', name: 'tidegate', namespace: 'tidegate' }] })
  await replicas(namespace, 'one', 3)
  await replicas(namespace, 'two', 3)
  const asked = (await askedBy(kube)).filter(e => e.namespace === namespace && e.resource === 'serviceaccounts/token' && e.status === 201)
  expect(asked).toHaveLength(1)
})

test('each Secret is read once however many refer to it', async () => {
  const namespace = await kube.namespace()
  const url = await depthServer(token => token === 'sesame')
  await kube.admin.apply(secret(namespace, 'shared', { token: 'sesame' }))
  await kube.admin.apply(authentication(namespace, 'shared', { secretTargetRef: [{ parameter: 'token', name: 'shared', key: 'token' }] }))
  const names = Array.from({ length: 12 }, (_, i) => `w${i}`)
  for (const name of names) {
    await kube.admin.apply(deployment(namespace, name, 0))
    await kube.admin.apply(scaledObject('keda.sh', namespace, name, { ...fast, triggers: [byBearer(url, 'shared')] }))
  }
  await runOperator(rights, '--namespace', namespace)
  for (const name of names) await replicas(namespace, name, 3)
  expect((await askedBy(kube)).filter(e => e.namespace === namespace && e.resource === 'secrets').map(e => [e.verb, e.name])).toEqual([['get', 'shared']])
})

test('a TriggerAuthentication that is missing is named, and used at once when it comes; one that asks for a vault is refused', async () => {
  const namespace = await kube.namespace()
  const url = await depthServer(token => token === 'sesame')
  await kube.admin.apply(secret(namespace, 'login', { token: 'sesame' }))
  for (const name of ['early', 'vaulted']) {
    await kube.admin.apply(deployment(namespace, name, 1))
    await kube.admin.apply(scaledObject('keda.sh', namespace, name, { ...fast, pollingInterval: 3600, triggers: [byBearer(url, name)] }))
  }
  await kube.admin.apply(authentication(namespace, 'vaulted', { hashiCorpVault: { address: 'https://vault', authentication: 'token', secrets: [{ parameter: 'token', path: 'p', key: 'k' }] } }))
  await runOperator(rights, '--namespace', namespace)
  expect(await ready(namespace, 'early', 'False')).toContain(`TriggerAuthentication early does not exist in namespace ${namespace}`)
  expect(await ready(namespace, 'vaulted', 'False')).toMatch(/TG_CONFIG_NOT_BUILT spec\.triggers.*spec\.hashiCorpVault: is not built yet/)
  await kube.admin.apply(authentication(namespace, 'early', { secretTargetRef: [{ parameter: 'token', name: 'login', key: 'token' }] }))
  await replicas(namespace, 'early', 3)
  expect((await kube.admin.get<Deployment>(deploymentPath(namespace, 'vaulted'))).spec.replicas).toBe(1)
})

test('a ClusterTriggerAuthentication reads Secrets of its namespace, and files below the root that is allowed', async () => {
  const root = await mkdtemp(join(tmpdir(), 'tidegate-auth-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  await writeFile(join(root, 'login.json'), '{"token": "from-file"}')
  const url = await depthServer(token => ['from-file', 'from-home'].includes(token))
  const namespace = await kube.namespace()
  const home = await kube.namespace()
  await kube.admin.apply(secret(home, 'login', { token: 'from-home' }))
  await kube.admin.apply(clusterAuthentication('by-secret', { secretTargetRef: [{ parameter: 'token', name: 'login', key: 'token' }] }))
  await kube.admin.apply(clusterAuthentication('by-file', { filePath: 'login.json' }))
  await kube.admin.apply(clusterAuthentication('by-escape', { filePath: '../login.json' }))
  for (const name of ['by-secret', 'by-file', 'by-escape']) {
    await kube.admin.apply(deployment(namespace, name, 0))
    await kube.admin.apply(scaledObject('keda.sh', namespace, name, { ...fast, triggers: [byBearer(url, name, 'ClusterTriggerAuthentication')] }))
  }
  await runOperator(rights, '--namespace', namespace, '--cluster-object-namespace', home, '--filepath-auth-root-path', root)
  await replicas(namespace, 'by-secret', 3)
  await replicas(namespace, 'by-file', 3)
  expect(await ready(namespace, 'by-escape', 'False')).toContain('filePath must be relative and without ..')
})

test('with --restrict-secrets the Secrets of every TriggerAuthentication are those of the operator\'s namespace', async () => {
  const namespace = await kube.namespace()
  const url = await depthServer(token => token === 'sesame')
  await kube.admin.apply(secret('tidegate', 'restricted', { token: 'sesame' }))
  await kube.admin.apply(secret(namespace, 'restricted', { token: 'wrong' }))
  await kube.admin.apply(authentication(namespace, 'one', { secretTargetRef: [{ parameter: 'token', name: 'restricted', key: 'token' }] }))
  await kube.admin.apply(deployment(namespace, 'one', 0))
  await kube.admin.apply(scaledObject('keda.sh', namespace, 'one', { ...fast, triggers: [byBearer(url, 'one')] }))
  await runOperator(rights, '--namespace', namespace, '--restrict-secrets')
  await replicas(namespace, 'one', 3)
  expect((await askedBy(kube)).filter(e => e.namespace === namespace && e.resource === 'secrets')).toEqual([])
})
