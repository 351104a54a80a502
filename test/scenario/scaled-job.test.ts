import { QueueServiceClient } from '@azure/storage-queue'
import { AckPolicy, connect } from 'nats'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Azurite, azurite } from '../servers/azurite.js'
import { natsServer } from '../servers/nats.js'
import { isAlive, type Run, Scene, until } from './harness.js'
import { scaledJob } from './manifests.js'

let storage: Azurite
let queues: QueueServiceClient
beforeAll(async () => {
  storage = await azurite()
  queues = QueueServiceClient.fromConnectionString(storage.connectionString)
})
afterAll(() => storage.stop())

type Values = Readonly<Record<string, string>>
const accurate = { pollingInterval: 1, scalingStrategy: { strategy: 'accurate' } }

/** A queue with so many messages, and a ScaledJob whose jobs take one each. */
async function queueOf (scene: Scene, name: string, messages: number, env: Values = {}, spec: Readonly<Record<string, unknown>> = {}, job: Readonly<Record<string, unknown>> = {}): Promise<void> {
  await queues.createQueue(name)
  for (let i = 0; i < messages; i++) await queues.getQueueClient(name).sendMessage(`${name} ${i}`)
  scene.write('job.yaml', scaledJob(name, 'queue-job', { OUT: scene.out, QUEUE: name, CONNECTION: storage.connectionString, ...env },
    [{ type: 'azure-queue', metadata: { queueName: name, queueLength: '1', connectionFromEnv: 'CONNECTION' } }], { ...accurate, ...spec }, job))
}
const jobsEnd = async (run: Run, name: string): Promise<void> => { await run.statusUntil('ScaledJob', name, s => s.jobs?.counts?.running === 0 && !s.jobs.decision.active) }

it('scaling_strategies/accurate on one machine: a job for each message, no more than the maximum at once, none when there is nothing left', async () => {
  const scene = new Scene()
  await queueOf(scene, 'renders', 5, { RELEASE: scene.path('release') }, { maxReplicaCount: 3 })
  const run = await scene.run()
  await run.statusUntil('ScaledJob', 'renders', s => s.jobs?.counts?.running === 3 && s.jobs.decision.reason === 'AtMaximum')
  await until(() => scene.got().length === 3, () => run.tail())
  expect(scene.pids()).toHaveLength(3)
  scene.touch('release')
  await until(() => new Set(scene.got().map(one => one.body).filter(body => body !== '')).size === 5, () => run.tail())
  await jobsEnd(run, 'renders')
  await until(() => scene.pids().length === 0)
  expect(run.log.some(l => l['reason'] === 'KEDAJobsCreated')).toBe(true)
})

it('kill -9 and another start: jobs that run are taken over, those that ended meanwhile are known, and none runs twice', async () => {
  const scene = new Scene()
  await queues.createQueue('nothing')
  await queueOf(scene, 'crash', 4, { QUEUE: 'nothing', RELEASE: scene.path('release') }, { scalingStrategy: { strategy: 'default' } })
  const first = await scene.run()
  await until(() => scene.got().length === 4, () => first.tail())
  const pids = scene.pids()
  await first.kill()
  const second = await scene.run()
  await second.statusUntil('ScaledJob', 'crash', s => s.jobs?.counts?.running === 4)
  expect(scene.pids()).toEqual(pids)
  await second.kill()
  await queues.getQueueClient('crash').clearMessages()
  scene.touch('release')
  await until(() => scene.pids().every(pid => !isAlive(pid)))
  const third = await scene.run()
  await jobsEnd(third, 'crash')
  expect(scene.got()).toHaveLength(4)
  expect(third.log.filter(l => l['reason'] === 'JobTrouble')).toEqual([])
})

it('a stop ends the jobs that run, and the next start begins them again; a job that failed too often is finished, and said', async () => {
  const scene = new Scene()
  await queueOf(scene, 'again', 1, { RELEASE: scene.path('release'), EXIT: '3' }, { maxReplicaCount: 1 }, { backoffLimit: 0 })
  const first = await scene.run()
  await until(() => scene.got().length === 1, () => first.tail())
  expect(await first.stop()).toBe(0)
  expect(scene.pids().filter(isAlive)).toEqual([])
  const second = await scene.run()
  await until(() => scene.got().length === 2, () => second.tail())
  scene.touch('release')
  const line = await second.line(l => l['reason'] === 'JobTrouble')
  expect(line.msg).toContain('exit code 3')
  await jobsEnd(second, 'again')
})

it('an edit deletes the jobs of the spec before it; without the file they all end', async () => {
  const scene = new Scene()
  await queueOf(scene, 'edited', 2, { RELEASE: scene.path('release') }, { maxReplicaCount: 2 })
  const run = await scene.run()
  await until(() => scene.got().length === 2, () => run.tail())
  const before = scene.pids()
  await queues.getQueueClient('edited').sendMessage('one more')
  scene.write('job.yaml', scaledJob('edited', 'queue-job', { OUT: scene.out, QUEUE: 'edited', CONNECTION: storage.connectionString, RELEASE: scene.path('release'), NEW: 'yes' },
    [{ type: 'azure-queue', metadata: { queueName: 'edited', queueLength: '1', connectionFromEnv: 'CONNECTION' } }], { ...accurate, maxReplicaCount: 2 }))
  await run.line(l => l['reason'] === 'ScaledJobRolloutCleanupCompleted')
  await until(() => before.every(pid => !isAlive(pid)))
  await until(() => scene.got().some(one => one.body === 'one more'), () => run.tail())
  scene.remove('job.yaml')
  await until(() => scene.pids().length === 0, () => run.tail())
})

it('a stream that rings starts its jobs at once, though it is looked at once an hour', async () => {
  const server = await natsServer()
  const connection = await connect({ servers: server.url })
  const manager = await connection.jetstreamManager()
  await manager.streams.add({ name: 'WORK', subjects: ['work'] })
  await manager.consumers.add('WORK', { durable_name: 'jobs', ack_policy: AckPolicy.Explicit })
  const scene = new Scene()
  await queues.createQueue('unused')
  scene.write('job.yaml', scaledJob('rings', 'queue-job', { OUT: scene.out, QUEUE: 'unused', CONNECTION: storage.connectionString, RELEASE: scene.path('release') },
    [{ type: 'nats-jetstream', metadata: { servers: server.url, stream: 'WORK', consumer: 'jobs', lagThreshold: '1' } }], { pollingInterval: 3600 }))
  const run = await scene.run()
  await run.statusUntil('ScaledJob', 'rings', s => s.jobs?.decision.reason === 'Inactive')
  await Promise.all([1, 2, 3].map(() => connection.jetstream().publish('work', 'x')))
  await until(() => scene.got().length === 3, () => run.tail())
  await run.statusUntil('ScaledJob', 'rings', s => s.jobs?.counts?.running === 3)
  await connection.close()
  await server.stop()
})

