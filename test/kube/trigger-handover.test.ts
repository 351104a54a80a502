import { writeFileSync } from 'node:fs'
import { connect, type NatsConnection } from 'nats'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../scenario/harness.js'
import { type KubeControlPlane, kubeControlPlane } from '../servers/kube.js'
import { type NatsServer, natsServer } from '../servers/nats.js'
import { FunctionScene, runOperatorAmongPods } from './functions.js'
import { conditionOf, askedBy, type Deployment, installKinds, installRights, type Scaled, writes } from './operator.js'

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

const working = 'holding the lease: working'
const countWrites = async (namespace: string): Promise<number> => writes(await askedBy(kube)).filter(e => e.namespace === namespace && e.resource === 'deployments/scale').length

test('the leader is killed while it delivers: nothing is lost, only what was in hand comes twice, and no count moves', async () => {
  const manager = await nats.jetstreamManager()
  await manager.streams.add({ name: 'RELAY', subjects: ['relay'] })
  const scene = await FunctionScene.open(kube)
  const source = { natsJetstream: { servers: server.url, subject: 'relay', ackWait: '3s', startFrom: { policy: 'All' } } }
  await scene.fn('relay', source, { DELAY_MS: '20' }, { concurrency: { perReplica: 4 }, scale: { min: 2, max: 2 } })
  const leader = await runOperatorAmongPods(kube, rights, '--namespace', scene.namespace)
  await kube.admin.until<Deployment>(scene.deploymentPath('relay'), d => d?.status?.readyReplicas === 2)
  const standby = await runOperatorAmongPods(kube, rights, '--namespace', scene.namespace)
  const before = await countWrites(scene.namespace)
  const events = 1500
  for (let i = 0; i < events; i++) nats.publish('relay', String(i))
  await until(() => scene.got().length > 200, () => leader.tail())
  await leader.kill()
  const consumer = () => manager.consumers.info('RELAY', `${scene.namespace}-relay`)
  const inHand = (await consumer()).num_ack_pending
  await standby.line(l => l.msg === working)
  await until(async () => {
    const { num_pending: waiting, num_ack_pending: unsettled } = await consumer()
    return waiting === 0 && unsettled === 0
  }, () => standby.tail())
  const bodies = scene.got().map(one => one.body)
  expect(new Set(bodies).size).toBe(events)
  expect(bodies.length - events).toBeLessThanOrEqual(inHand)
  expect(await countWrites(scene.namespace)).toBe(before)
})

test('a tick that the leader claimed and did not finish is delivered by the next one with the same id, every other tick once', async () => {
  const scene = await FunctionScene.open(kube)
  const release = `${scene.out}-release`
  await scene.fn('tick', { cron: { every: '1s', missedRuns: 'All', concurrencyPolicy: 'Forbid' } }, { RELEASE: release }, { scale: { min: 1 } })
  const leader = await runOperatorAmongPods(kube, rights, '--namespace', scene.namespace)
  await until(() => scene.got().length === 1, () => leader.tail())
  const standby = await runOperatorAmongPods(kube, rights, '--namespace', scene.namespace)
  const [claimed] = scene.got()
  await leader.kill()
  writeFileSync(release, '')
  await until(() => new Set(scene.got().map(one => one.id)).size >= 6, () => standby.tail())
  expect(await standby.stop()).toBe(0)
  const ids = scene.got().map(one => one.id)
  expect(ids.filter(id => id === claimed?.id)).toHaveLength(2)
  expect(ids).toHaveLength(new Set(ids).size + 1)
  const seconds = [...new Set(ids)].map(id => Number(id.split('/').at(-1))).sort((a, b) => a - b)
  expect(seconds).toEqual(seconds.map((_, i) => (seconds[0] ?? 0) + i)) // none was missed while nobody led
})

test('a Trigger whose function starts and sleeps again all the time writes its status a few times, and then twice a minute', async () => {
  await (await nats.jetstreamManager()).streams.add({ name: 'BUSY', subjects: ['busy'] })
  const scene = await FunctionScene.open(kube)
  await scene.fn('busy', { natsJetstream: { servers: server.url, subject: 'busy' } }, {}, { scale: { cooldown: '500ms', pollingInterval: '500ms' } })
  await runOperatorAmongPods(kube, rights, '--namespace', scene.namespace)
  await kube.admin.until<Scaled>(scene.triggerPath('busy'), t => conditionOf(t, 'Ready')?.status === 'True')
  const statusWrites = async (): Promise<number> => writes(await askedBy(kube)).filter(e => e.namespace === scene.namespace && e.resource === 'triggers/status').length
  for (let wakes = 1; wakes <= 8; wakes++) {
    nats.publish('busy', String(wakes))
    await until(() => scene.got().length === wakes)
    await kube.admin.until<Deployment>(scene.deploymentPath('busy'), d => d?.spec.replicas === 0)
  }
  expect(await statusWrites()).toBeLessThanOrEqual(5) // four at first, then one each half minute
})
