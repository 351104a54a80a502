import { expect, it } from 'vitest'
import { type Got, Scene, until } from './harness.js'
import { fn } from './manifests.js'

/** Events by their id, which ends in the second of the tick. */
const secondsOf = (got: readonly Got[]): readonly number[] => got.map(one => Number(one.id.split('/').at(-1))).sort((a, b) => a - b)

it('each tick comes once, with one id, over an orderly restart too', async () => {
  const scene = new Scene()
  scene.write('all.yaml', ...fn('tick', { cron: { every: '1s', missedRuns: 'All' } }, { OUT: scene.out }))
  const first = await scene.run()
  await until(() => scene.got().length >= 3, () => first.tail())
  expect(await first.stop()).toBe(0)
  const second = await scene.run()
  const before = scene.got().length
  await until(() => scene.got().length >= before + 3, () => second.tail())
  expect(await second.stop()).toBe(0)
  const seconds = secondsOf(scene.got())
  expect(seconds).toEqual(seconds.map((_, i) => (seconds[0] ?? 0) + i)) // none missing, none twice
  expect(scene.got().every(one => one.attempt === 1)).toBe(true)
})

it('a tick that was claimed and not done when Tidegate was killed comes again, with the same id', async () => {
  const scene = new Scene()
  const release = scene.path('release')
  scene.write('all.yaml', ...fn('tick', { cron: { every: '2s', missedRuns: 'Skip', concurrencyPolicy: 'Forbid' } }, { OUT: scene.out, RELEASE: release }))
  const first = await scene.run()
  await until(() => scene.got().length === 1, () => first.tail())
  const [claimed] = scene.got()
  await first.kill() // the function has the event and has not answered
  scene.touch('release')
  const second = await scene.run()
  await until(() => scene.got().filter(one => one.id === claimed?.id).length === 2, () => second.tail())
  await until(() => new Set(scene.got().map(one => one.id)).size >= 3, () => second.tail())
  expect(await second.stop()).toBe(0)
  const ids = scene.got().map(one => one.id)
  expect(ids.length - new Set(ids).size).toBe(1)
})
