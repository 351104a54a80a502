import { connect } from 'nats'
import { expect, it } from 'vitest'
import { natsServer } from '../servers/nats.js'
import { command, Scene, until, type Run } from './harness.js'
import { deployment, fn, scaledObject } from './manifests.js'

const said = (run: Run): string => run.log.map(line => line.msg).join('\n')

it('says of each broken object where, what and what to do, and nothing else stops working', async () => {
  const server = await natsServer()
  const connection = await connect({ servers: server.url })
  await (await connection.jetstreamManager()).streams.add({ name: 'BAD', subjects: ['bad'] })
  await connection.jetstream().publish('bad', 'x')
  await connection.close()
  const stored = { natsJetstream: { servers: server.url, subject: 'bad', startFrom: { policy: 'All' } } }
  const scene = new Scene()
  const healthy = { OUT: scene.out }
  const nobody = '127.0.0.1:1'
  scene.write('good.yaml', ...fn('good', { cron: { every: '1s' } }, healthy))
  scene.write('typo.yaml', ...fn('typo', { cron: { evry: '1s' } }, healthy))
  scene.write('scaler.yaml', deployment('scaler', 'function', healthy), scaledObject('scaler', [{ type: 'azure-qeue', metadata: {} }]))
  scene.write('secret.yaml', deployment('secret', 'function', healthy),
    { apiVersion: 'keda.sh/v1alpha1', kind: 'TriggerAuthentication', metadata: { name: 'login' }, spec: { secretTargetRef: [{ parameter: 'connection', name: 'nowhere', key: 'url' }] } },
    scaledObject('secret', [{ type: 'azure-queue', metadata: { queueName: 'q' }, authenticationRef: { name: 'login' } }], { pollingInterval: 1 }))
  scene.write('broker.yaml', ...fn('broker', { natsJetstream: { servers: nobody, subject: 's' } }, healthy))
  scene.write('answers.yaml', ...fn('answers', stored, { OUT: scene.folder('answers'), STATUS: '500' }, { delivery: { retry: { initial: '100ms' } } }))
  scene.write('silent.yaml', ...fn('silent', stored, { OUT: scene.folder('silent'), NEVER: 'yes' }, { delivery: { timeout: '300ms' } }))
  const run = await scene.run()

  expect(said(run)).toMatch(/typo\.yaml:\d+:\d+ error TG_CONFIG_UNKNOWN_FIELD spec\.source\.cron\.evry: .*did you mean every\?/)
  expect(said(run)).toMatch(/scaler\.yaml:\d+:\d+ error TG_SCALER_UNKNOWN spec\.triggers\[0\]\.type: .*did you mean azure-queue\?/)
  const secret = await run.statusUntil('ScaledObject', 'secret', s => s.conditions.some(c => c.type === 'Ready' && c.status === 'False'))
  expect(JSON.stringify(secret.conditions)).toMatch(/TG_REF_NOT_FOUND.*nowhere/)
  const broker = await run.statusUntil('Trigger', 'broker', s => s.conditions.some(c => c.type === 'Ready' && c.status === 'False'))
  expect(JSON.stringify(broker.conditions)).toMatch(/TG_SOURCE_UNREACHABLE.*127\.0\.0\.1:1/)
  const answers = await run.statusUntil('Trigger', 'answers', s => s.delivery?.lastFailure !== undefined)
  expect(answers.delivery?.lastFailure?.because).toContain('answered 500')
  const silent = await run.statusUntil('Trigger', 'silent', s => s.delivery?.lastFailure !== undefined)
  expect(silent.delivery?.lastFailure?.because).toMatch(/300 ?ms|0\.3 ?s/)

  const before = scene.got().length
  await until(() => scene.got().length >= before + 2, () => run.tail())
  expect(await run.stop()).toBe(0)
  await server.stop()
})

it('lint finds what can be found offline', async () => {
  const scene = new Scene()
  scene.write('typo.yaml', ...fn('typo', { cron: { evry: '1s' } }, { OUT: scene.out }))
  const { code, text } = await command('lint', scene.manifests)
  expect(code).toBe(1)
  expect(text).toMatch(/typo\.yaml:\d+:\d+ error TG_CONFIG_UNKNOWN_FIELD .*did you mean every\?/)
})

it('a command that does not exist is answered with the one that was meant', async () => {
  const { code, text } = await command('rnu')
  expect(code).toBe(2)
  expect(text).toMatch(/TG_USAGE no command "rnu"; did you mean run\?/)
})

it('a folder that is not there ends the start', async () => {
  const { code, text } = await command('run', '-f', '/nowhere/at/all')
  expect(code).toBe(2)
  expect(text).toContain('TG_USAGE')
  expect(text).toContain('/nowhere/at/all')
})
