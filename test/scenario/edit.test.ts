import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { connect } from 'nats'
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

it('an edit that cannot be used is refused with its line, and what ran goes on; a file that is removed takes its replicas with it', async () => {
  const scene = new Scene()
  scene.write('worker.yaml', ...workers(scene, 3))
  const run = await scene.run()
  await run.statusUntil('ScaledObject', 'worker', readyIs(3))
  const three = scene.pids()

  const [written] = workers(scene, 3)
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
  expect(scene.pids()).toEqual(three)

  scene.write('worker.yaml', 'apiVersion: [')
  await run.line(l => /worker\.yaml:\d+:\d+ error TG_CONFIG_SYNTAX/.test(l.msg))
  expect(scene.pids()).toEqual(three)

  scene.remove('worker.yaml')
  await until(() => three.every(pid => !isAlive(pid)), () => run.tail())
  await until(async () => (await run.statuses()).length === 0, () => run.tail())
  expect(await run.stop()).toBe(0)
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
