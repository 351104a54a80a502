import { writeFileSync } from 'node:fs'
import { connect, type NatsConnection } from 'nats'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../scenario/harness.js'
import { service, trigger } from '../scenario/manifests.js'
import { type KubeControlPlane, kubeControlPlane, type KubeObject } from '../servers/kube.js'
import { type NatsServer, natsServer } from '../servers/nats.js'
import { FunctionScene, httpFunction, runOperatorAmongPods } from './functions.js'
import { installKnative } from './knative.js'
import { conditionOf, type Deployment, fast, installKinds, installRights, type Scaled, scaledObject, window } from './operator.js'

let kube: KubeControlPlane
let rights: string
let server: NatsServer
let nats: NatsConnection
beforeAll(async () => {
  kube = await kubeControlPlane()
  await installKinds(kube, 'tidegate.dev')
  rights = await installRights(kube)
  server = await natsServer()
  nats = await connect({ servers: server.url })
})
afterAll(async () => {
  await nats.close()
  await Promise.all([kube.stop(), server.stop()])
})

/** A stream of its own for a test, and a source that reads it from its beginning. */
async function stream (name: string, more: Readonly<Record<string, unknown>> = {}): Promise<{ readonly source: object, readonly publish: (...bodies: readonly string[]) => Promise<void> }> {
  await (await nats.jetstreamManager()).streams.add({ name: name.toUpperCase(), subjects: [name] })
  return {
    source: { natsJetstream: { servers: server.url, subject: name, startFrom: { policy: 'All' }, ...more } },
    publish: async (...bodies) => { await Promise.all(bodies.map(body => nats.jetstream().publish(name, body))) },
  }
}

const quick = { scale: { cooldown: '1s', pollingInterval: '500ms' } }

test('an event wakes a function behind a Service, is sent straight to its pod, and the function sleeps again', async () => {
  const { source, publish } = await stream('wake')
  const scene = await FunctionScene.open(kube)
  await scene.fn('sleeper', { ...source }, {}, quick)
  const run = await runOperatorAmongPods(kube, rights, '--namespace', scene.namespace)
  await kube.admin.until<Scaled>(scene.triggerPath('sleeper'), t => conditionOf(t, 'Ready')?.status === 'True')
  await publish('good morning')
  const woken = await run.line(l => l.msg === 'woken')
  expect(woken['totalMs']).toBeGreaterThan(0)
  expect(scene.got()).toMatchObject([{ body: 'good morning', attempt: 1 }])
  await kube.admin.until<Deployment>(scene.deploymentPath('sleeper'), d => d?.spec.replicas === 0)
  await until(() => kube.kubelet.processes.pids(scene.namespace).length === 0)
})

test('a Deployment without a Service is called at its pods, on the port of its container', async () => {
  const { source, publish } = await stream('bare')
  const scene = await FunctionScene.open(kube)
  await scene.apply(scene.deployment('bare'), trigger('bare', { ...source }, { function: { name: 'bare', kind: 'Deployment', port: 'http' }, scale: quick.scale }))
  const run = await runOperatorAmongPods(kube, rights, '--namespace', scene.namespace)
  await publish('straight')
  await run.line(l => l.msg === 'woken')
  expect(scene.got()).toMatchObject([{ body: 'straight', attempt: 1 }])
  await kube.admin.until<Deployment>(scene.deploymentPath('bare'), d => d?.spec.replicas === 0)
})

test('kubectl shows where events come from, what is called, and whether it works; a function that nobody made is named', async () => {
  const { source } = await stream('shown')
  const scene = await FunctionScene.open(kube)
  await scene.fn('shown', { ...source }, {}, quick)
  await scene.apply(trigger('nobody', { ...source }, { function: { name: 'nobody' } }))
  await runOperatorAmongPods(kube, rights, '--namespace', scene.namespace)
  await kube.admin.until<Scaled>(scene.triggerPath('shown'), t => conditionOf(t, 'Ready')?.status === 'True' && conditionOf(t, 'Active') !== undefined)
  await kube.admin.until<Scaled>(scene.triggerPath('nobody'), t => conditionOf(t, 'Ready')?.reason === 'FunctionNotFound')
  const rows = await kube.admin.table(`/apis/tidegate.dev/v1alpha1/namespaces/${scene.namespace}/triggers`)
  expect(rows).toMatchObject([
    { Name: 'nobody', Source: 'nats-jetstream', Function: 'nobody', Max: 10, Ready: 'False', Reason: 'FunctionNotFound' },
    { Name: 'shown', Source: 'nats-jetstream', Function: 'shown', Max: 10, Ready: 'True', Reason: 'TriggerReady', Active: 'False' },
  ])
})

test('a shadow shows Triggers as watched only: nothing of a stream is pulled or acknowledged, nothing is called, no tick is armed', async () => {
  const { source, publish } = await stream('watched')
  const scene = await FunctionScene.open(kube)
  const fn = await httpFunction()
  await publish('not for a shadow')
  await scene.apply(
    trigger('watched', { ...source }, { function: { url: fn.url } }),
    trigger('tick', { cron: { schedule: '* * * * *' } }, { function: { url: fn.url } }),
  )
  const run = await runOperatorAmongPods(kube, rights, '--namespace', scene.namespace, '--shadow')
  for (const name of ['watched', 'tick']) {
    const told = await run.statusUntil('Trigger', name, s => s.conditions.some(c => c.type === 'Ready' && c.reason === 'WatchedOnly'))
    expect(told.delivery?.nextTickAt).toBeUndefined()
  }
  expect(await run.stop()).toBe(0)
  expect((await (await nats.jetstreamManager()).streams.info('WATCHED')).state).toMatchObject({ messages: 1, consumer_count: 0 })
  expect(fn.got).toEqual([])
  expect((await kube.admin.get<Scaled>(scene.triggerPath('tick'))).metadata.annotations).toBeUndefined()
})

test('a function of another namespace is neither called nor scaled until its owner allows it', async () => {
  const { source, publish } = await stream('across')
  const [scene, other] = [await FunctionScene.open(kube), await FunctionScene.open(kube)]
  await other.apply(other.deployment('across'), service('across'))
  await scene.apply(trigger('across', { ...source }, { function: { name: 'across', namespace: other.namespace }, scale: quick.scale }))
  const run = await runOperatorAmongPods(kube, rights, '--namespace', `${scene.namespace},${other.namespace}`)
  await publish('let me in')
  const refused = await kube.admin.until<Scaled>(scene.triggerPath('across'), t => conditionOf(t, 'Ready')?.reason === 'NamespaceNotAllowed')
  expect(conditionOf(refused, 'Ready')?.message).toContain(`tidegate.dev/allow-triggers-from: ${scene.namespace}`)
  expect((await kube.admin.get<Deployment>(other.deploymentPath('across'))).spec.replicas).toBe(0)
  await kube.admin.patch(`/api/v1/namespaces/${other.namespace}/services/across`, { metadata: { annotations: { 'tidegate.dev/allow-triggers-from': scene.namespace } } })
  await run.line(l => l.msg === 'woken')
  expect(other.got()).toMatchObject([{ body: 'let me in', attempt: 1 }])
})

test('an autoscaler of somebody else on the function is named, and left to its work; events are delivered', async () => {
  const { source, publish } = await stream('foreign')
  const scene = await FunctionScene.open(kube)
  await scene.fn('foreign', { ...source }, {}, quick)
  await kube.admin.patch(scene.deploymentPath('foreign'), { spec: { replicas: 2 } })
  await scene.apply({
    apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'by-cpu' },
    spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'foreign' }, minReplicas: 2, maxReplicas: 9, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }] },
  })
  await runOperatorAmongPods(kube, rights, '--namespace', scene.namespace)
  const conflict = await kube.admin.until<Scaled>(scene.triggerPath('foreign'), t => conditionOf(t, 'Ready')?.reason === 'TG_TARGET_CONFLICT')
  expect(conditionOf(conflict, 'Ready')?.message).toContain(`HorizontalPodAutoscaler ${scene.namespace}/by-cpu scales Deployment ${scene.namespace}/foreign`)
  await publish('delivered all the same')
  await until(() => scene.got().length === 1)
  await kube.admin.delete(`/apis/autoscaling/v2/namespaces/${scene.namespace}/horizontalpodautoscalers/by-cpu`)
  await kube.admin.until<Scaled>(scene.triggerPath('foreign'), t => conditionOf(t, 'Ready')?.status === 'True')
  await kube.admin.patch(scene.triggerPath('foreign'), { metadata: { annotations: { 'tidegate.dev/paused-replicas': '3' } } })
  await kube.admin.until<Deployment>(scene.deploymentPath('foreign'), d => d?.spec.replicas === 3)
})

test('a function that does not start costs no attempt, and the event waits in its source until it does', async () => {
  const { source, publish } = await stream('slow')
  const scene = await FunctionScene.open(kube)
  await scene.apply(scene.deployment('slow'), service('slow'), trigger('slow', { ...source }, { ...quick, delivery: { coldStartTimeout: '1s' } }))
  const probe = (path: string) => kube.admin.patch(scene.deploymentPath('slow'), [{ op: 'replace', path: '/spec/template/spec/containers/0/readinessProbe/httpGet/path', value: path }], 'json')
  await probe('/not-ready')
  const run = await runOperatorAmongPods(kube, rights, '--namespace', scene.namespace)
  await publish('patience')
  await run.line(l => l['reason'] === 'ColdStartTimeout')
  await probe('/')
  await until(() => scene.got().length > 0, () => run.tail())
  expect(scene.got()).toMatchObject([{ body: 'patience', attempt: 1 }])
})

test('Knative: without it the condition says so; with it the function is called at its own address, and nothing of it is scaled by us', async () => {
  const { source, publish } = await stream('knative')
  const scene = await FunctionScene.open(kube)
  await scene.apply(trigger('shop', { ...source }, { function: { name: 'shop', kind: 'KnativeService' } }))
  const run = await runOperatorAmongPods(kube, rights, '--namespace', scene.namespace)
  const absent = await kube.admin.until<Scaled>(scene.triggerPath('shop'), t => conditionOf(t, 'Ready')?.reason === 'KnativeNotInstalled')
  expect(conditionOf(absent, 'Ready')?.message).toContain('serving.knative.dev/v1')
  await installKnative(kube)
  await scene.apply({ apiVersion: 'serving.knative.dev/v1', kind: 'Service', metadata: { name: 'shop' }, spec: {} })
  await kube.admin.until<Scaled>(scene.triggerPath('shop'), t => conditionOf(t, 'Ready')?.reason === 'FunctionNotReady')
  const activator = await httpFunction()
  await kube.admin.patch(`/apis/serving.knative.dev/v1/namespaces/${scene.namespace}/services/shop/status`, { status: { address: { url: activator.url }, conditions: [{ type: 'Ready', status: 'True' }] } })
  await kube.admin.until<Scaled>(scene.triggerPath('shop'), t => conditionOf(t, 'Ready')?.status === 'True' && conditionOf(t, 'FunctionReady')?.status === 'True')
  await publish('one', 'two')
  await until(() => activator.got.length === 2, () => run.tail())
  expect([...activator.got].sort()).toEqual(['one', 'two'])
})

test('a ScaledObject and a Trigger on one target: one count for both; pods at work are the last to go, and one that is not ready keeps the count', async () => {
  const { source, publish } = await stream('both')
  const scene = await FunctionScene.open(kube)
  const release = `${scene.out}-release`
  await scene.fn('both', { ...source }, { RELEASE: release }, { ...quick, concurrency: { perReplica: 1 } })
  await scene.apply(scaledObject('tidegate.dev', scene.namespace, 'both', { ...fast, minReplicaCount: 4, maxReplicaCount: 4, triggers: [window(true, 1)] }))
  const run = await runOperatorAmongPods(kube, rights, '--namespace', scene.namespace)
  await kube.admin.until<Deployment>(scene.deploymentPath('both'), d => d?.status?.readyReplicas === 4)
  await publish('held', 'held too')
  await until(() => scene.got().length === 2, () => run.tail())
  const working = scene.got().map(one => one.pid).sort((a, b) => a - b)
  const pods = await kube.admin.get<{ readonly items: readonly KubeObject[] }>(`/api/v1/namespaces/${scene.namespace}/pods`)
  const first = pods.items.find(pod => kube.kubelet.processes.pid(pod) === working[0])?.metadata.name ?? ''
  await kube.kubelet.setReady(scene.namespace, first, false)
  await kube.admin.until<Deployment>(scene.deploymentPath('both'), d => d?.status?.readyReplicas === 3)
  await kube.admin.patch(`/apis/tidegate.dev/v1alpha1/namespaces/${scene.namespace}/scaledobjects/both`, { spec: { minReplicaCount: 1 } })
  await run.line(l => l.msg.startsWith('the count could not be written') && String(l['err']).includes('works and is not ready'))
  expect((await kube.admin.get<Deployment>(scene.deploymentPath('both'))).spec.replicas).toBe(4)
  await kube.kubelet.setReady(scene.namespace, first, true)
  await kube.admin.until<Deployment>(scene.deploymentPath('both'), d => d?.spec.replicas === 2 && d.status?.replicas === 2)
  await until(() => kube.kubelet.processes.pids(scene.namespace).length === 2)
  expect(kube.kubelet.processes.pids(scene.namespace)).toEqual(working)
  writeFileSync(release, '')
  await kube.admin.until<Deployment>(scene.deploymentPath('both'), d => d?.spec.replicas === 1)
  expect(scene.got().map(one => one.body).sort()).toEqual(['held', 'held too'])
})
