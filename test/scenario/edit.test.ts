import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connect } from 'nats'
import { decideReplicas } from '../../src/core/scaling/decide.js'
import { type NatsServer, natsServer } from '../servers/nats.js'
import { isAlive, Scene, until } from './harness.js'
import { deployment, fn, scaledObject } from './manifests.js'

let server: NatsServer
beforeAll(async () => {
  server = await natsServer()
  const connection = await connect({ servers: server.url })
  const manager = await connection.jetstreamManager()
  await manager.streams.add({ name: 'DEEP', subjects: ['deep'] })
  await manager.consumers.add('DEEP', { durable_name: 'workers', ack_policy: 'explicit' as never })
  for (let i = 0; i < 60; i++) await connection.jetstream().publish('deep', String(i))
  await connection.close()
})
afterAll(() => server.stop())

/** Workers on a backlog of sixty, ten each: six are wanted. */
const workers = (scene: Scene, max: number, env: Readonly<Record<string, string>> = {}): readonly object[] => [
  deployment('worker', 'function', { OUT: scene.out, ...env }),
  scaledObject('worker', [{ type: 'nats-jetstream', metadata: { natsServerMonitoringEndpoint: `127.0.0.1:${server.monitoringPort}`, account: '$G', stream: 'DEEP', consumer: 'workers' } }],
    { maxReplicaCount: max, pollingInterval: 1 }),
]
const readyIs = (n: number) => (s: { readonly scaling?: { readonly current: { readonly ready: number, readonly status: number } } }): boolean =>
  s.scaling?.current.ready === n && s.scaling.current.status === n

it('edits take effect while it runs: a higher maximum, another template, a broken file, a deleted one', async () => {
  const scene = new Scene()
  scene.write('worker.yaml', ...workers(scene, 2))
  const run = await scene.run()
  await run.statusUntil('ScaledObject', 'worker', readyIs(2))
  const two = scene.pids()

  scene.write('worker.yaml', ...workers(scene, 3))
  await run.statusUntil('ScaledObject', 'worker', readyIs(3))
  const three = scene.pids()
  expect(two.every(pid => three.includes(pid))).toBe(true)

  scene.write('worker.yaml', ...workers(scene, 3, { VERSION: '2' }))
  await until(() => three.every(pid => !isAlive(pid)), () => run.tail())
  await run.statusUntil('ScaledObject', 'worker', readyIs(3))
  await until(() => scene.pids().length === 3) // the record of one that ended goes a moment after it
  const replaced = scene.pids()

  const [written] = workers(scene, 3, { VERSION: '2' })
  scene.write('worker.yaml', written ?? {}, `apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: worker
spec:
  scaleTargetRef: {name: worker}
  maxReplicaCuont: 5
  triggers: []`)
  const refusal = await run.line(l => l.msg.includes('maxReplicaCuont'))
  expect(refusal.msg).toMatch(/worker\.yaml:\d+:3 error TG_CONFIG_UNKNOWN_FIELD spec\.maxReplicaCuont: .*did you mean maxReplicaCount\?/)
  const refused = await run.statusUntil('ScaledObject', 'worker', s => s.conditions.some(c => c.reason === 'TG_CONFIG_UNKNOWN_FIELD'))
  expect(refused.conditions[0]?.message).toContain('goes on as it was before this edit')
  expect(scene.pids()).toEqual(replaced)

  scene.write('worker.yaml', 'apiVersion: [')
  await run.line(l => /worker\.yaml:\d+:\d+ error TG_CONFIG_SYNTAX/.test(l.msg))
  expect(scene.pids()).toEqual(replaced)

  scene.remove('worker.yaml')
  await until(() => replaced.every(pid => !isAlive(pid)), () => run.tail())
  await until(async () => (await run.statuses()).length === 0, () => run.tail())
  expect(await run.stop()).toBe(0)
})

it('the records of a run replay to the decisions that were made', async () => {
  const scene = new Scene()
  scene.write('worker.yaml', ...workers(scene, 4))
  scene.write('tick.yaml', ...fn('tick', { cron: { every: '1s' } }, { OUT: scene.out }, { scale: { cooldown: '200ms', pollingInterval: '200ms' } }))
  const run = await scene.run()
  await run.statusUntil('ScaledObject', 'worker', readyIs(4))
  await until(() => scene.got().length >= 3, () => run.tail())
  await run.kill()
  const again = await scene.run()
  const before = scene.got().length
  await until(() => scene.got().length > before, () => again.tail())
  expect(await again.stop()).toBe(0)

  const records = scene.decisions()
  for (const { at, policy, current, readings, memoryBefore, decision } of records) {
    const replayed = decideReplicas({ now: at, policy, current, readings, memory: memoryBefore })
    expect(JSON.parse(JSON.stringify(replayed))).toEqual(decision)
  }
  expect(new Set(records.map(({ decision }) => decision.reason)).size).toBeGreaterThan(2)
  expect(records.some(({ decision, current }) => decision.replicas !== current.spec)).toBe(true)
})

it('a second run on the same state is refused, and the first goes on', async () => {
  const scene = new Scene()
  scene.write('tick.yaml', ...fn('tick', { cron: { every: '1s' } }, { OUT: scene.out }))
  const first = await scene.run()
  const second = scene.start()
  expect(await second.exited).toBe(1)
  const said = second.log.map(l => l.msg).join('\n')
  expect(said).toContain(`TG_STATE_LOCKED process ${first.pid} runs on ${scene.stateDir}`)
  expect(said).toContain('state folder of its own')
  await until(() => scene.got().length > 0, () => first.tail())
})

it('a port in use ends the start with the port and what to do', async () => {
  const taken = createServer()
  await new Promise<void>(resolve => taken.listen(0, '127.0.0.1', resolve))
  const { port } = taken.address() as AddressInfo
  const scene = new Scene()
  scene.write('tick.yaml', ...fn('tick', { cron: { every: '1s' } }, { OUT: scene.out }))
  const run = scene.start({ args: ['--port', String(port)] })
  expect(await run.exited).toBe(1)
  const said = run.log.map(l => l.msg).join('\n')
  expect(said).toContain('TG_PORT_IN_USE')
  expect(said).toContain(String(port))
  await new Promise(resolve => taken.close(resolve))
})
