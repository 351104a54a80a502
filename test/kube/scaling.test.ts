import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type KubeControlPlane, kubeControlPlane } from '../servers/kube.js'
import { AckPolicy, connect } from 'nats'
import { natsServer } from '../servers/nats.js'
import { metricsServer } from '../servers/metrics.js'
import { until } from '../scenario/harness.js'
import { askedBy, conditionOf, type Deployment, deployment, deploymentPath, fast, installKinds, installRights, runOperator, type Scaled, scaledObject, scaledObjectPath, window, writes } from './operator.js'

let kube: KubeControlPlane
let rights: string
beforeAll(async () => {
  kube = await kubeControlPlane()
  await installKinds(kube, 'keda.sh', 'tidegate.dev')
  rights = await installRights(kube)
})
afterAll(async () => { await kube.stop() })

describe.each(['keda.sh', 'tidegate.dev'])('a ScaledObject of %s', group => {
  test('scales a Deployment 0 → 3 → 0 with its cron window, and says so', async () => {
    const namespace = await kube.namespace()
    await kube.admin.apply(deployment(namespace, 'office', 0))
    await kube.admin.apply(scaledObject(group, namespace, 'office', { ...fast, triggers: [window(true, 3)] }))
    await runOperator(rights, '--namespace', namespace)
    await kube.admin.until<Deployment>(deploymentPath(namespace, 'office'), d => d?.spec.replicas === 3 && d.status?.readyReplicas === 3)
    const path = scaledObjectPath(group, namespace, 'office')
    const active = await kube.admin.until<Scaled>(path, so => conditionOf(so, 'Active')?.status === 'True')
    expect(conditionOf(active, 'Ready')).toMatchObject({ status: 'True', reason: 'ScaledObjectReady', message: 'ScaledObject is defined correctly and is ready for scaling' })
    expect(conditionOf(active, 'Paused')).toMatchObject({ status: 'False' })
    expect(active?.status).toMatchObject({ scaleTargetKind: 'apps/v1.Deployment', originalReplicaCount: 0, triggersTypes: 'cron' })
    if (group === 'tidegate.dev') expect(conditionOf(active, 'Ready')).toMatchObject({ observedGeneration: 1, lastTransitionTime: expect.stringMatching(/Z$/) as unknown })
    await kube.admin.patch(path, { spec: { triggers: [window(false, 3)] } })
    await kube.admin.until<Deployment>(deploymentPath(namespace, 'office'), d => d?.spec.replicas === 0 && (d.status?.replicas ?? 0) === 0)
    await kube.admin.until<Scaled>(path, so => conditionOf(so, 'Active')?.reason === 'ScalerNotActive')
  })
})

test('a JetStream consumer that rings scales a Deployment 0 → 4 → 0, with credentials from a Secret', async () => {
  const server = await natsServer()
  const connection = await connect({ servers: server.url })
  onTestFinished(async () => { await connection.close(); await server.stop() })
  const manager = await connection.jetstreamManager()
  await manager.streams.add({ name: 'ORDERS', subjects: ['orders'] })
  await manager.consumers.add('ORDERS', { durable_name: 'billing', ack_policy: AckPolicy.Explicit })
  const namespace = await kube.namespace()
  const path = deploymentPath(namespace, 'billing')
  await kube.admin.apply(deployment(namespace, 'billing', 0, { env: [{ name: 'NATS', valueFrom: { secretKeyRef: { name: 'nats', key: 'url' } } }] }))
  await kube.admin.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name: 'nats' }, stringData: { url: server.url } })
  await kube.admin.apply({ apiVersion: 'keda.sh/v1alpha1', kind: 'TriggerAuthentication', metadata: { namespace, name: 'nats' }, spec: { secretTargetRef: [{ parameter: 'servers', name: 'nats', key: 'url' }] } })
  await kube.admin.apply(scaledObject('keda.sh', namespace, 'billing', {
    ...fast, pollingInterval: 3600, triggers: [{ type: 'nats-jetstream', authenticationRef: { name: 'nats' }, metadata: { servers: server.url, stream: 'ORDERS', consumer: 'billing', lagThreshold: '5' } }],
  }))
  const run = await runOperator(rights, '--namespace', namespace)
  await kube.admin.until<Scaled>(scaledObjectPath('keda.sh', namespace, 'billing'), so => conditionOf(so, 'Ready')?.status === 'True')
  const before = run.log.length
  await Promise.all(Array.from({ length: 20 }, () => connection.jetstream().publish('orders', 'x')))
  await run.line(l => l.msg === 'scaled', 'scaled up', before)
  await kube.admin.until<Deployment>(path, d => d?.spec.replicas === 4 && d.status?.readyReplicas === 4)
  for await (const message of await (await connection.jetstream().consumers.get('ORDERS', 'billing')).fetch({ max_messages: 20, expires: 2000 })) await message.ackAck()
  await kube.admin.patch(scaledObjectPath('keda.sh', namespace, 'billing'), { spec: { pollingInterval: 1 } })
  await kube.admin.until<Deployment>(path, d => d?.spec.replicas === 0)
})

test('of several namespaces that are named each is looked at, and no other', async () => {
  const [first, second, other] = [await kube.namespace(), await kube.namespace(), await kube.namespace()]
  for (const namespace of [first, second, other]) {
    await kube.admin.apply(deployment(namespace, 'office', 0))
    await kube.admin.apply(scaledObject('keda.sh', namespace, 'office', { ...fast, triggers: [window(true, 2)] }))
  }
  const run = await runOperator(rights, '--namespace', `${first}, ${second}`)
  for (const namespace of [first, second]) await kube.admin.until<Deployment>(deploymentPath(namespace, 'office'), d => d?.spec.replicas === 2)
  expect(new Set((await run.statuses()).map(({ ref }) => ref.namespace))).toEqual(new Set([first, second]))
  expect((await kube.admin.get<Deployment>(deploymentPath(other, 'office'))).spec.replicas).toBe(0)
})

test('a kind that is not watched is scaled through its scale subresource, where a role allows it', async () => {
  const rules = [{ apiGroups: ['apps'], resources: ['replicasets'], verbs: ['get'] }, { apiGroups: ['apps'], resources: ['replicasets/scale'], verbs: ['get', 'patch'] }]
  const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: 'tidegate-replicasets' } }
  await kube.admin.apply({ ...rbac, kind: 'ClusterRole', rules })
  await kube.admin.apply({ ...rbac, kind: 'ClusterRoleBinding', roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'tidegate-replicasets' }, subjects: [{ kind: 'ServiceAccount', name: 'tidegate', namespace: 'tidegate' }] })
  const namespace = await kube.namespace()
  await kube.admin.apply({ ...deployment(namespace, 'set', 0), kind: 'ReplicaSet' })
  await kube.admin.apply(scaledObject('keda.sh', namespace, 'set', { ...fast, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'set' }, triggers: [window(true, 2)] }))
  await runOperator(rights, '--namespace', namespace)
  await kube.admin.until<Deployment>(`/apis/apps/v1/namespaces/${namespace}/replicasets/set`, set => set?.spec.replicas === 2 && set.status?.readyReplicas === 2)
  await kube.admin.until<Scaled>(scaledObjectPath('keda.sh', namespace, 'set'), so => so?.status?.['scaleTargetKind'] === 'apps/v1.ReplicaSet' && conditionOf(so, 'Ready')?.status === 'True')
})

test('kill -9 in the middle of a cooldown, without a window: whoever comes next keeps the cooldown, and writes no count', async () => {
  const namespace = await kube.namespace()
  const source = await metricsServer(25)
  onTestFinished(() => source.stop())
  await kube.admin.apply(deployment(namespace, 'number', 0))
  await kube.admin.apply(scaledObject('keda.sh', namespace, 'number', {
    ...fast, cooldownPeriod: 60, minReplicaCount: 0, triggers: [{ type: 'metrics-api', metadata: { url: source.url, valueLocation: 'value', targetValue: '10' } }],
  }))
  const counts = async (): Promise<readonly unknown[]> =>
    writes(await askedBy(kube)).filter(e => e.namespace === namespace && e.resource === 'deployments/scale').map(e => (e.body as Deployment).spec.replicas)
  const first = await runOperator(rights, '--namespace', namespace)
  await kube.admin.until<Deployment>(deploymentPath(namespace, 'number'), d => d?.spec.replicas === 3)
  source.set(0)
  await kube.admin.until<Deployment>(deploymentPath(namespace, 'number'), d => d?.spec.replicas === 1)
  await first.kill()
  await until(async () => (await counts()).length === 2)
  const second = await runOperator(rights, '--namespace', namespace)
  await second.statusUntil('ScaledObject', 'number', s => s.scaling?.decision.reason === 'CoolingDown')
  const asked = source.asked.length
  await until(() => source.asked.length >= asked + 5)
  expect(await counts()).toEqual([3, 1])
})
