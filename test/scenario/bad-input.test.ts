import { expect, it } from 'vitest'
import { command, Scene, until, type Run } from './harness.js'
import { deployment, fn, scaledObject } from './manifests.js'

const said = (run: Run): string => run.log.map(line => line.msg).join('\n')

it('says of each broken file where, what and what to do, and runs the others', async () => {
  const scene = new Scene()
  scene.write('good.yaml', ...fn('good', { cron: { every: '1s' } }, { OUT: scene.out }))
  scene.write('typo.yaml', ...fn('typo', { cron: { evry: '1s' } }, { OUT: scene.out }))
  scene.write('scaler.yaml', deployment('scaler', 'function', { OUT: scene.out }), scaledObject('scaler', [{ type: 'azure-qeue', metadata: {} }]))
  const run = await scene.run()
  expect(said(run)).toMatch(/typo\.yaml:\d+:\d+ error TG_CONFIG_UNKNOWN_FIELD spec\.source\.cron\.evry: .*did you mean every\?/)
  expect(said(run)).toMatch(/scaler\.yaml:\d+:\d+ error TG_SCALER_UNKNOWN spec\.triggers\[0\]\.type: .*did you mean azure-queue\?/)
  await until(() => scene.got().length > 0, () => run.tail())
  expect(await run.stop()).toBe(0)
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
