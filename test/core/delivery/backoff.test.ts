import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backoffDelay, reconnectDelay } from '../../../src/core/delivery/backoff.js'
import type { RetryPolicy } from '../../../src/core/delivery/types.js'

const retry: RetryPolicy = { attempts: 5, backoff: 'Exponential', initialMs: 1000, maxMs: 10_000, jitter: 'None' }
const waits = (changes: Partial<RetryPolicy>, random = 0.5): number[] => [1, 2, 3, 4, 5, 6].map(n => backoffDelay(n, { ...retry, ...changes }, random))

describe('backoffDelay', () => {
  it('grows as it is told to, up to the cap', () => {
    expect(waits({})).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000])
    expect(waits({ backoff: 'Linear' })).toEqual([1000, 2000, 3000, 4000, 5000, 6000])
    expect(waits({ backoff: 'Constant' })).toEqual([1000, 1000, 1000, 1000, 1000, 1000])
  })

  it('spreads by the chance that is handed in', () => {
    expect(waits({ jitter: 'Full' }, 0)).toEqual([0, 0, 0, 0, 0, 0])
    expect(waits({ jitter: 'Full' }, 0.25).slice(0, 3)).toEqual([250, 500, 1000])
    expect(waits({ jitter: 'Equal' }, 0).slice(0, 3)).toEqual([500, 1000, 2000])
    expect(waits({ jitter: 'Equal' }, 0.5).slice(0, 3)).toEqual([750, 1500, 3000])
  })

  it('is a whole number between 0 and the cap, whatever comes', () => {
    fc.assert(fc.property(
      fc.integer({ min: 1, max: 100_000 }), fc.double({ min: 0, max: 0.999999, noNaN: true }), fc.integer({ min: 0, max: 1e9 }), fc.integer({ min: 0, max: 1e9 }),
      fc.constantFrom('Exponential', 'Linear', 'Constant'), fc.constantFrom('Full', 'Equal', 'None'),
      (attempt, random, initialMs, maxMs, backoff, jitter) => {
        const wait = backoffDelay(attempt, { initialMs, maxMs, backoff, jitter }, random)
        expect(Number.isInteger(wait) && wait >= 0 && wait <= maxMs).toBe(true)
      }))
  })

  it('lets a lost line wait between 125 ms and 30 s', () => {
    expect(reconnectDelay(1, 0)).toBe(125)
    expect(reconnectDelay(4, 0.5)).toBe(1500)
    expect(reconnectDelay(1000, 0.999999)).toBe(30_000)
  })
})
