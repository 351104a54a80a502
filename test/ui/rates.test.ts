import { expect, test } from 'vitest'
import type { ObjectStatus } from '../../src/runtime/ports.js'
import { deliveryRate, nextRates, type RateHistory } from '../../src/ui/rates.js'
import { audit, delivery } from './sample.js'

const key = 'Trigger default/audit'
const at = (delivered: number): readonly ObjectStatus[] => [{ ...audit, delivery: delivery({ delivered }) }]

/** One look each second with these counts. */
function after (counts: readonly number[], from: RateHistory = new Map()): RateHistory {
  return counts.reduce<RateHistory>((history, delivered, second) => nextRates(history, at(delivered), second * 1000), from)
}

test('no rate before two looks', () => expect(deliveryRate(after([5]), key)).toBeUndefined())
test('what was delivered before the first look is not counted', () => expect(deliveryRate(after([1000, 1010]), key)).toBe(10))
test('old seconds leave the window', () => {
  const burstThenQuiet = [...Array.from({ length: 10 }, (_, i) => i * 100), ...Array.from({ length: 20 }, () => 1000)]
  expect(deliveryRate(after(burstThenQuiet.slice(0, 10)), key)).toBe(100)
  expect(deliveryRate(after(burstThenQuiet), key)).toBe(0)
})
test('a count that fell (restarted) begins anew', () => expect(deliveryRate(after([500, 600, 3]), key)).toBeUndefined())
test('looks in quick succession add no samples', () => {
  const once = nextRates(new Map(), at(1), 0)
  expect(nextRates(once, at(2), 100).get(key)).toHaveLength(1)
})
test('an object that is gone is forgotten', () => expect(nextRates(after([1, 2]), [], 2000).size).toBe(0))
test('the history stays small', () => expect(after(Array.from({ length: 500 }, (_, i) => i)).get(key)?.length).toBeLessThanOrEqual(13))
