import { expect, test } from 'vitest'
import { wheel } from '../../src/runtime/wheel.js'
import { ManualClock } from '../fakes/manual-clock.js'

function setup () {
  const clock = new ManualClock(0)
  const called: string[] = []
  const lags: number[] = []
  return { clock, called, lags, turning: wheel(clock, ms => lags.push(ms)) }
}

test('what is due in one bucket shares a wake-up', async () => {
  const { clock, called, turning } = setup()
  turning.at(10_010, () => called.push('a'))
  turning.at(10_090, () => called.push('b'))
  expect(clock.pending).toBe(1)
  await clock.advance(10_000)
  expect(called).toEqual([])
  await clock.advance(100)
  expect(called).toEqual(['a', 'b'])
  expect(clock.pending).toBe(0)
})

test('a call whose timer was lost is overdue, and one that is to come is not', async () => {
  const clock = new ManualClock(0)
  const turning = wheel({ now: () => clock.now(), monotonic: () => clock.monotonic(), sleep: (ms, signal) => clock.sleep(ms, signal), after: () => () => undefined })
  expect(turning.overdueMs()).toBe(0)
  turning.at(10_000, () => undefined)
  expect(turning.overdueMs()).toBe(0)
  await clock.advance(75_000)
  expect(turning.overdueMs()).toBe(65_000)
  turning.stop()
  expect(turning.overdueMs()).toBe(0)
})

test('an earlier entry moves the wake-up forward', async () => {
  const { clock, called, turning } = setup()
  turning.at(60_000, () => called.push('late'))
  turning.at(500, () => called.push('early'))
  await clock.advance(500)
  expect(called).toEqual(['early'])
  await clock.advance(59_500)
  expect(called).toEqual(['early', 'late'])
})

test('what was taken back is not called, and what is past is called next', async () => {
  const { clock, called, turning } = setup()
  const cancel = turning.at(200, () => called.push('no'))
  cancel()
  turning.at(-1000, () => called.push('past'))
  await clock.advance(1000)
  expect(called).toEqual(['past'])
})

test('an entry may put itself back, and nothing is called after stop', async () => {
  const { clock, called, turning } = setup()
  const again = (): void => { called.push('tick'); turning.at(clock.now() + 100, again) }
  turning.at(100, again)
  await clock.advance(350)
  expect(called.length).toBe(3)
  turning.stop()
  await clock.advance(1000)
  expect(called.length).toBe(3)
})
