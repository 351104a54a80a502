import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nextLookAt } from '../../src/runtime/scaling/look-times.js'

const instant = fc.integer({ min: 1_600_000_000_000, max: 1_900_000_000_000 })

test('a source that nobody else asks is looked at an interval later', () => {
  expect(nextLookAt(1_700_000_000_123, 30_000, undefined)).toBe(1_700_000_030_123)
})

test('those who ask one question meet at the next look, whenever they began', () => {
  fc.assert(fc.property(instant, fc.nat(29_999), fc.string(), (at, later, question) => {
    const first = nextLookAt(at, 30_000, question)
    expect(first).toBeGreaterThan(at)
    expect(first).toBeLessThanOrEqual(at + 30_000)
    expect((nextLookAt(at + later, 30_000, question) - first) % 30_000).toBe(0)
  }))
})

test('who looks twice as often meets the others at every second look', () => {
  fc.assert(fc.property(instant, fc.string(), (at, question) => {
    expect((nextLookAt(at, 30_000, question) - nextLookAt(at, 15_000, question)) % 15_000).toBe(0)
  }))
})

test('different questions do not meet', () => {
  const at = 1_700_000_000_000
  expect(nextLookAt(at, 30_000, 'http://nats-a:8222/jsz')).not.toBe(nextLookAt(at, 30_000, 'http://nats-b:8222/jsz'))
})
