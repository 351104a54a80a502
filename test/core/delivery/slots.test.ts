import { describe, expect, it } from 'vitest'
import { breakerGate, leastBusy, slotsFor, type SlotsInput } from '../../../src/core/delivery/slots.js'

const base: SlotsInput = { endpoints: 3, perReplica: 10, max: 100, breaker: 'closed', suspended: false, atZero: false }
const slots = (changes: Partial<SlotsInput>): number => slotsFor({ ...base, ...changes })

describe('slotsFor', () => {
  it('gives each ready address its share, up to the maximum', () => {
    expect(slots({})).toBe(30)
    expect(slots({ endpoints: 11 })).toBe(100)
  })

  it('has exactly one wake slot at zero, and none where nothing may be woken', () => {
    expect(slots({ endpoints: 0, atZero: true })).toBe(1)
    expect(slots({ endpoints: 0 })).toBe(0)
  })

  it('has none while suspended or open, and one for a probe', () => {
    expect(slots({ suspended: true })).toBe(0)
    expect(slots({ breaker: 'open' })).toBe(0)
    expect(slots({ breaker: 'open', endpoints: 0, atZero: true })).toBe(0)
    expect(slots({ breaker: 'probe' })).toBe(1)
    expect(slots({ breaker: 'probe', suspended: true })).toBe(0)
    expect(slots({ breaker: 'probe', endpoints: 0, atZero: true })).toBe(1)
  })
})

describe('breakerGate', () => {
  it('opens for a probe when its time has come and keeps the slot while it is under way', () => {
    expect(breakerGate({ kind: 'closed', exhaustedInRow: 9 }, 0)).toBe('closed')
    expect(breakerGate({ kind: 'open', probeAt: 10, pauseMs: 5 }, 9)).toBe('open')
    expect(breakerGate({ kind: 'open', probeAt: 10, pauseMs: 5 }, 10)).toBe('probe')
    expect(breakerGate({ kind: 'probing', pauseMs: 5 }, 0)).toBe('probe')
  })
})

describe('leastBusy', () => {
  it('takes the address with fewest in flight', () => {
    expect(leastBusy([3, 1, 2], 10, -1)).toBe(1)
  })

  it('takes turns among equals', () => {
    expect(leastBusy([0, 0, 0], 10, -1)).toBe(0)
    expect(leastBusy([0, 0, 0], 10, 0)).toBe(1)
    expect(leastBusy([0, 0, 0], 10, 2)).toBe(0)
  })

  it('gives none when all are full or there is none', () => {
    expect(leastBusy([10, 10], 10, 0)).toBeUndefined()
    expect(leastBusy([], 10, -1)).toBeUndefined()
    expect(leastBusy([10, 9], 10, 1)).toBe(1)
  })
})
