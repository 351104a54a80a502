import { randomUUID } from 'node:crypto'
import { QueueServiceClient } from '@azure/storage-queue'
import { AckPolicy, connect, type NatsConnection } from 'nats'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { azurite, type Azurite } from '../../servers/azurite.js'
import { natsServer, type NatsServer } from '../../servers/nats.js'
import { deployment, window } from '../operator.js'
import { cluster, metricsApi, noWindow, Scene, workload } from './harness.js'

// Each is named as the folder of KEDA's tests/internals or tests/scalers that it re-creates.
const here = cluster()
let storage: Azurite
let server: NatsServer
let nats: NatsConnection
beforeAll(async () => {
  storage = await azurite()
  server = await natsServer()
  nats = await connect({ servers: server.url })
})
afterAll(async () => {
  await nats.close()
  await Promise.all([storage.stop(), server.stop()])
})

test.concurrent('azure_queue: the connection of the container\'s environment, and an activation that is passed, not reached', async () => {
  const queueName = `e2e-${randomUUID()}`
  const queue = QueueServiceClient.fromConnectionString(storage.connectionString).getQueueClient(queueName)
  await queue.create()
  const add = (messages: number) => Promise.all(Array.from({ length: messages }, () => queue.sendMessage('x')))
  await Scene.play(here(), 0, async scene => {
    await scene.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace: scene.namespace, name: 'storage' }, stringData: { connection: storage.connectionString } })
    await scene.apply(deployment(scene.namespace, 'target', 0, { env: [{ name: 'AzureWebJobsStorage', valueFrom: { secretKeyRef: { name: 'storage', key: 'connection' } } }] }))
    await scene.scaledObject({
      pollingInterval: 1, cooldownPeriod: 1, minReplicaCount: 0, maxReplicaCount: 1, advanced: noWindow,
      triggers: [{ type: 'azure-queue', metadata: { queueName, connectionFromEnv: 'AzureWebJobsStorage', activationQueueLength: '5' } }],
    })
    await scene.condition('Active', c => c.status === 'False')
    await add(3)
    await scene.hold(0)
    await add(5)
    await scene.wait(1)
    await queue.clearMessages()
    await scene.wait(0)
  })
})

test.concurrent('nats_jetstream_standalone: 10 events are not yet an activation, 300 are two replicas', async () => {
  const stream = `S${randomUUID().replaceAll('-', '')}`
  const manager = await nats.jetstreamManager()
  await manager.streams.add({ name: stream, subjects: [stream] })
  await manager.consumers.add(stream, { durable_name: 'pull', ack_policy: AckPolicy.Explicit })
  const publish = (events: number) => Promise.all(Array.from({ length: events }, () => nats.jetstream().publish(stream, 'x')))
  await Scene.play(here(), 0, async scene => {
    await scene.scaledObject({
      pollingInterval: 1, cooldownPeriod: 1, minReplicaCount: 0, maxReplicaCount: 2, advanced: noWindow,
      triggers: [{ type: 'nats-jetstream', metadata: { natsServerMonitoringEndpoint: `127.0.0.1:${server.monitoringPort}`, account: '$G', stream, consumer: 'pull', lagThreshold: '10', activationLagThreshold: '15' } }],
    })
    await scene.condition('Active', c => c.status === 'False')
    await publish(10)
    await scene.hold(0)
    await publish(290)
    await scene.wait(2)
    for await (const message of await (await nats.jetstream().consumers.get(stream, 'pull')).fetch({ max_messages: 300, expires: 5000 })) await message.ackAck()
    await scene.wait(0)
  })
})

test.concurrent('file_based_auth: parameters from a file below the root that the operator was given', async () => {
  await Scene.play(here(), 0, async scene => {
    const metrics = await scene.metricsServer(0, { allows: request => request.headers.authorization === `Basic ${btoa('user:secret')}` })
    scene.credentials(`${scene.namespace}.json`, { authMode: 'basic', username: 'user', password: 'secret' })
    await scene.apply({ apiVersion: 'keda.sh/v1alpha1', kind: 'ClusterTriggerAuthentication', metadata: { name: scene.namespace }, spec: { filePath: `${scene.namespace}.json` } })
    await scene.scaledObject({
      pollingInterval: 1, cooldownPeriod: 1, minReplicaCount: 0, maxReplicaCount: 1, advanced: noWindow,
      triggers: [metricsApi(metrics, 5, { authenticationRef: { name: scene.namespace, kind: 'ClusterTriggerAuthentication' } })],
    })
    await scene.condition('Active', c => c.status === 'False')
    metrics.set(10)
    await scene.wait(1)
  })
})

test.concurrent('update_ta: another authentication in place of the first', async () => {
  await Scene.play(here(), 0, async scene => {
    const metrics = await scene.metricsServer(0, { allows: request => ['Bearer one', 'Bearer two'].includes(request.headers.authorization ?? '') })
    for (const name of ['one', 'two']) {
      await scene.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace: scene.namespace, name }, stringData: { token: name } })
      await scene.apply({ apiVersion: 'keda.sh/v1alpha1', kind: 'TriggerAuthentication', metadata: { namespace: scene.namespace, name }, spec: { secretTargetRef: [{ parameter: 'token', name, key: 'token' }] } })
    }
    const trigger = (name: string): object => ({ type: 'metrics-api', authenticationRef: { name }, metadata: { url: metrics.url, valueLocation: 'value', targetValue: '5', authMode: 'bearer' } })
    await scene.scaledObject({ pollingInterval: 1, cooldownPeriod: 1, maxReplicaCount: 2, advanced: noWindow, triggers: [trigger('one')] })
    await scene.condition('Active', c => c.status === 'False')
    await scene.patch({ triggers: [trigger('two')] })
    metrics.set(10)
    await scene.wait(2)
    expect(metrics.asked.at(-1)?.headers.authorization).toBe('Bearer two')
  })
})

test.concurrent('status_update: the types of the triggers, each once', async () => {
  await Scene.play(here(), 0, async scene => {
    const metrics = await scene.metricsServer(0)
    await scene.scaledObject({ pollingInterval: 1, triggers: [metricsApi(metrics, 5), window(false), window(false, 2)] })
    const so = await scene.until(object => object.status?.['triggersTypes'] !== undefined)
    expect(so.status).toMatchObject({ triggersTypes: 'metrics-api,cron' })
  })
})

test.concurrent('events: a target that does not exist is said, and one that comes is scaled', async () => {
  await Scene.play(here(), 0, async scene => {
    await scene.monitored(1)
    await scene.scaledObject({ scaleTargetRef: { name: 'missing' }, pollingInterval: 1, advanced: noWindow, triggers: [workload(1)] })
    await scene.condition('Ready', c => c.status === 'False' && c.reason === 'ScaledObjectCheckFailed')
    await scene.apply(deployment(scene.namespace, 'missing', 0))
    await scene.condition('Ready', c => c.status === 'True' && c.reason === 'ScaledObjectReady')
    await scene.wait(1, `/apis/apps/v1/namespaces/${scene.namespace}/deployments/missing`)
  })
})
