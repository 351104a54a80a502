import { connect, type NatsConnection } from 'nats'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../scenario/harness.js'
import { type KubeControlPlane, kubeControlPlane } from '../servers/kube.js'
import { type NatsServer, natsServer } from '../servers/nats.js'
import { FunctionScene, runOperatorAmongPods } from './functions.js'
import { conditionOf, type Deployment, installKinds, installRights, type Scaled } from './operator.js'

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
