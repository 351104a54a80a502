import { connect } from 'nats'
import { expect, it } from 'vitest'
import type { ObjectStatus } from '../../src/runtime/ports.js'
import { natsServer } from '../servers/nats.js'
import { Scene, until } from './harness.js'
import { deployment, fn, scaledObject } from './manifests.js'

const reasonOf = (status: ObjectStatus): string | undefined => status.scaling?.decision.reason

it('ten replicas stay ten while their broker is away, the reason says why, and all goes on when it is back', async () => {
  const server = await natsServer()
  const connection = await connect({ servers: server.url })
  const manager = await connection.jetstreamManager()
  await manager.streams.add({ name: 'TEN', subjects: ['ten'] })
  await manager.consumers.add('TEN', { durable_name: 'workers', ack_policy: 'explicit' as never })
  for (let i = 0; i < 100; i++) await connection.jetstream().publish('ten', String(i))
  await connection.close()

  const scene = new Scene()
  scene.write('all.yaml', deployment('worker', 'function', { OUT: scene.out }), scaledObject('worker', [
    { type: 'nats-jetstream', metadata: { natsServerMonitoringEndpoint: `127.0.0.1:${server.monitoringPort}`, account: '$G', stream: 'TEN', consumer: 'workers', lagThreshold: '10' } },
  ], { pollingInterval: 1, cooldownPeriod: 1, maxReplicaCount: 10, advanced: { horizontalPodAutoscalerConfig: { behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } } } }))
  const run = await scene.run()
  await run.statusUntil('ScaledObject', 'worker', s => s.scaling?.current.ready === 10)
  const pids = scene.pids()

  await server.kill()
  const away = await run.statusUntil('ScaledObject', 'worker', s => s.scaling?.decision.reason === 'SourceFailed')
  expect(away.scaling?.decision.replicas).toBe(10)
  expect(away.scaling?.decision.steps.map(step => step.because).join()).toContain('nothing is lowered')
  expect(away.conditions.find(c => c.type === 'Ready')).toMatchObject({ status: 'False' })
  expect(away.conditions.find(c => c.type === 'Ready')?.message).toContain('TG_SOURCE_UNREACHABLE')
  const since = away.scaling?.decidedAt ?? 0
  const later = await run.statusUntil('ScaledObject', 'worker', s => (s.scaling?.decidedAt ?? 0) > since + 3_000) // three cooldowns
  expect([reasonOf(later), later.scaling?.current.ready]).toEqual(['SourceFailed', 10])
  expect(scene.pids()).toEqual(pids)

  await server.restart()
  await run.statusUntil('ScaledObject', 'worker', s => s.conditions.some(c => c.type === 'Ready' && c.status === 'True'))
  expect(scene.pids()).toEqual(pids)
  const again = await connect({ servers: server.url })
  await (await again.jetstreamManager()).streams.purge('TEN')
  await run.statusUntil('ScaledObject', 'worker', s => s.scaling?.current.status === 0)
  expect(scene.decisions().filter(record => record.decision.reason === 'SourceFailed').every(record => record.decision.replicas === 10)).toBe(true)
  await again.close()
  await server.stop()
})

it('a Trigger whose broker went away says so, keeps its function, and delivers again when the broker is back', async () => {
  const server = await natsServer()
  const publish = async (body: string): Promise<void> => {
    const connection = await connect({ servers: server.url })
    await connection.jetstream().publish('line', body)
    await connection.close()
  }
  const connection = await connect({ servers: server.url })
  await (await connection.jetstreamManager()).streams.add({ name: 'LINE', subjects: ['line'] })
  await connection.close()
  const scene = new Scene()
  scene.write('all.yaml', ...fn('line', { natsJetstream: { servers: server.url, subject: 'line', startFrom: { policy: 'All' } } }, { OUT: scene.out },
    { scale: { cooldown: '1s', pollingInterval: '200ms' } }))
  const run = await scene.run()
  await publish('before')
  await run.line(l => l.msg === 'woken')
  const pids = scene.pids()
  await server.kill()
  await run.line(l => l.msg === 'the source is away; trying again')
  const away = await run.statusUntil('Trigger', 'line', s => s.conditions.some(c => c.type === 'Ready' && c.status === 'False') && s.scaling?.decision.reason === 'SourceFailed')
  expect(away.conditions.find(c => c.type === 'Ready')?.message).toContain('TG_SOURCE_UNREACHABLE')
  expect(scene.pids()).toEqual(pids)
  await server.restart()
  await run.statusUntil('Trigger', 'line', s => s.conditions.some(c => c.type === 'Ready' && c.status === 'True'))
  await publish('after')
  await until(() => scene.got().some(one => one.body === 'after'), () => run.tail())
  expect(new Set(scene.got().map(one => one.body))).toEqual(new Set(['before', 'after']))
  await server.stop()
})
