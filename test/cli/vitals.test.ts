import { expect, test } from 'vitest'
import { Vitals } from '../../src/cli/vitals.js'
import type { System } from '../../src/runtime/system.js'
import { ManualClock } from '../fakes/manual-clock.js'

function loops () {
  let end: () => void = () => undefined
  const ended = new Promise<void>(resolve => { end = resolve })
  const said: string[] = []
  const system: System = { start: async () => undefined, stop: () => ended, synced: Promise.resolve(), stuck: () => said }
  return { system, end, said }
}

test('what stands still is said, of the loops and of what is beside them', () => {
  const { system, said } = loops()
  const vitals = new Vitals(new ManualClock(), () => ['the lease was not tried for in 40 s'])
  vitals.watched(system)
  expect(vitals.stuck()).toEqual(['the lease was not tried for in 40 s'])
  said.push('the loops are 70 s behind')
  expect(vitals.stuck()).toHaveLength(2)
})

test('loops that end may be as far behind as they like, and are stuck when they do not end', async () => {
  const { system, end, said } = loops()
  const clock = new ManualClock()
  const vitals = new Vitals(clock)
  const watched = vitals.watched(system)
  said.push('the loops are 70 s behind')
  const stopping = watched.stop()
  expect(vitals.stuck()).toEqual([])
  await clock.advance(301_000)
  expect(vitals.stuck()).toEqual(['the loops have not ended in 301 s'])
  end()
  await stopping
  expect(vitals.stuck()).toEqual([])
})
