import { expect, test } from 'vitest'
import { Allowance } from '../../src/kube/functions/allowance.js'

test('so many at once, then one each half minute, and all of them again after a rest', () => {
  const allowance = new Allowance({ most: 2, everyMs: 30_000 })
  allowance.take(1_000)
  expect(allowance.nextAt(2_000)).toBe(2_000)
  allowance.take(2_000)
  expect(allowance.nextAt(3_000)).toBe(31_000)
  expect(allowance.nextAt(31_000)).toBe(31_000)
  allowance.take(31_000)
  expect(allowance.nextAt(32_000)).toBe(61_000)
  allowance.take(200_000)
  expect(allowance.nextAt(200_000)).toBe(200_000)
})
