import { connect } from 'nats'
import { expect, it } from 'vitest'
import { natsServer } from '../servers/nats.js'
import { isAlive, Scene, until } from './harness.js'
import { deployment, fn, service, trigger } from './manifests.js'

const events = 100_000
const kills = 5

it(`${events} JetStream events with Tidegate killed ${kills} times: none lost, repeats only of what was in hand, replicas unharmed`, async () => {
  const server = await natsServer()
  const connection = await connect({ servers: server.url })
  const manager = await connection.jetstreamManager()
  await manager.streams.add({ name: 'MANY', subjects: ['many'] })
  for (let i = 0; i < events; i++) {
    connection.publish('many', String(i))
    if (i % 5_000 === 0) await connection.flush()
  }
  await until(async () => (await manager.streams.info('MANY')).state.messages === events)

  const scene = new Scene()
  const source = { natsJetstream: { servers: server.url, subject: 'many', ackWait: '3s', startFrom: { policy: 'All' } } }
  scene.write('all.yaml', ...fn('many', source, { OUT: scene.out }, { concurrency: { perReplica: 32 }, scale: { min: 2, max: 2 } }))
  let run = await scene.run()
  const consumer = () => manager.consumers.info('MANY', 'default-many')
  await until(async () => scene.pids().length === 2 && scene.got().length > 0)
  const pids = scene.pids()

  let inHand = 0
  for (let kill = 1; kill <= kills; kill++) {
    await until(async () => (await consumer()).num_pending < events * (1 - kill / (kills + 1)), () => `kill ${kill}\n${run.tail()}`)
    await run.kill()
    inHand += (await consumer()).num_ack_pending
    expect(pids.map(isAlive)).toEqual([true, true])
    run = await scene.run()
  }
  await until(async () => {
    const { num_pending: waiting, num_ack_pending: unsettled } = await consumer()
    return waiting === 0 && unsettled === 0
  }, () => `the end\n${run.tail()}`)

  expect(scene.pids()).toEqual(pids)
  const got = scene.got()
  expect(new Set(got.map(one => one.body)).size).toBe(events)
  expect(got.length - events).toBeLessThanOrEqual(inHand)
  expect(await run.stop()).toBe(0)
  expect(pids.map(isAlive)).toEqual([false, false])
  await connection.close()
  await server.stop()
}, 300_000)

it('a worker that ignores SIGTERM is ended when its grace is over, and Ctrl-C ends all', async () => {
  const scene = new Scene()
  scene.write('all.yaml', deployment('stubborn', 'function', { OUT: scene.out, STUBBORN: 'yes' }), service('stubborn'),
    trigger('stubborn', { cron: { every: '1s' } }, { scale: { cooldown: '100ms', pollingInterval: '100ms' } }))
  const run = await scene.run()
  await run.line(l => l.msg === 'woken')
  const [pid = 0] = scene.pids()
  expect(isAlive(pid)).toBe(true)
  const asked = performance.now()
  expect(await run.stop()).toBe(0)
  expect(isAlive(pid)).toBe(false)
  expect(performance.now() - asked).toBeGreaterThan(900)
})
