import { QueueServiceClient } from '@azure/storage-queue'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Azurite, azurite } from '../servers/azurite.js'
import { Scene, until } from './harness.js'
import { deployment, fn, scaledObject } from './manifests.js'

let storage: Azurite
let queues: QueueServiceClient
beforeAll(async () => {
  storage = await azurite()
  queues = QueueServiceClient.fromConnectionString(storage.connectionString)
})
afterAll(() => storage.stop())

const noWindow = { horizontalPodAutoscalerConfig: { behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } } }
const depthOf = async (queue: string): Promise<number | undefined> => (await queues.getQueueClient(queue).getProperties()).approximateMessagesCount

it('a ScaledObject of KEDA: workers from zero to what the queue asks for, and back to zero when it is empty', async () => {
  const queue = queues.getQueueClient('pictures')
  await queue.create()
  const scene = new Scene()
  scene.write('all.yaml',
    deployment('worker', 'queue-worker', { OUT: scene.out, QUEUE: 'pictures', CONNECTION: storage.connectionString, WORK_MS: '150' }),
    scaledObject('worker', [{ type: 'azure-queue', metadata: { queueName: 'pictures', queueLength: '10', connectionFromEnv: 'CONNECTION' } }],
      { pollingInterval: 1, cooldownPeriod: 2, maxReplicaCount: 3, advanced: noWindow }))
  const run = await scene.run()
  for (let i = 0; i < 60; i++) await queue.sendMessage(String(i))
  await run.statusUntil('ScaledObject', 'worker', s => s.scaling?.current.ready === 3)
  await until(() => scene.got().length === 60, () => run.tail())
  await run.line(l => l.msg === 'scaled' && l['to'] === 0)
  await until(() => scene.pids().length === 0)
  const steps = run.log.filter(l => l.msg === 'scaled').map(l => [l['from'], l['to']])
  expect(steps[0]?.[0]).toBe(0)
  expect(Math.max(...steps.map(([, to]) => Number(to)))).toBe(3)
  expect(new Set(scene.got().map(one => one.body)).size).toBe(60)
  expect(await depthOf('pictures')).toBe(0)
})

it('a Trigger: messages become POSTs and are deleted; what fails at each attempt goes to <queue>-poison', async () => {
  for (const name of ['orders', 'bad']) await queues.createQueue(name)
  const scene = new Scene()
  const source = (queueName: string) => ({ azureQueue: { queueName, connectionFromEnv: 'CONNECTION', poll: { max: '200ms' } } })
  const env = { OUT: scene.out, CONNECTION: storage.connectionString }
  const retry = { delivery: { retry: { attempts: 3, backoff: 'Constant', initial: '1s', jitter: 'None' } } }
  scene.write('orders.yaml', ...fn('orders', source('orders'), env))
  scene.write('bad.yaml', ...fn('bad', source('bad'), { ...env, OUT: scene.folder('bad'), STATUS: '500' }, retry))
  const run = await scene.run()
  for (let i = 0; i < 20; i++) await queues.getQueueClient('orders').sendMessage(JSON.stringify({ order: i }))
  await queues.getQueueClient('bad').sendMessage('{"never":"works"}')
  await until(async () => scene.got().length === 20 && await depthOf('orders') === 0, () => run.tail())
  expect(new Set(scene.got().map(one => one.body)).size).toBe(20)

  const failed = await run.statusUntil('Trigger', 'bad', s => s.delivery?.deadLettered === 1)
  expect(failed.delivery?.lastFailure?.because).toContain('500')
  expect(scene.got(scene.path('bad')).map(one => one.attempt)).toEqual([1, 2, 3])
  const { receivedMessageItems: [letter] } = await queues.getQueueClient('bad-poison').receiveMessages()
  expect(letter?.messageText).toBe('{"never":"works"}')
  expect(await depthOf('bad')).toBe(0)
  await run.line(l => l['reason'] === 'EventDeadLettered')
})

it('the account is restarted: nothing is lowered, and delivery goes on by itself', async () => {
  const own = await azurite({ persistent: true })
  const ownQueue = QueueServiceClient.fromConnectionString(own.connectionString).getQueueClient('again')
  await ownQueue.create()
  const scene = new Scene()
  scene.write('all.yaml', ...fn('again', { azureQueue: { queueName: 'again', connectionFromEnv: 'CONNECTION', poll: { max: '200ms' } } },
    { OUT: scene.out, CONNECTION: own.connectionString }, { scale: { cooldown: '1s', pollingInterval: '200ms' } }))
  const run = await scene.run()
  await ownQueue.sendMessage('before')
  await run.line(l => l.msg === 'woken')
  const pids = scene.pids()
  await own.kill()
  const away = await run.statusUntil('Trigger', 'again', s => s.scaling?.decision.reason === 'SourceFailed')
  expect(JSON.stringify(away.conditions)).toContain('TG_SOURCE_UNREACHABLE')
  expect(scene.pids()).toEqual(pids)
  await own.restart()
  await ownQueue.createIfNotExists() // what the emulator had not yet written is gone
  await ownQueue.sendMessage('after')
  await until(() => scene.got().some(one => one.body === 'after'), () => run.tail())
  await own.stop()
})
