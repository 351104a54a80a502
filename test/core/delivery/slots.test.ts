import { describe, expect, it } from 'vitest'
import { initialBreaker } from '../../../src/core/delivery/breaker.js'
import { slotsFor, type SlotsInput } from '../../../src/core/delivery/slots.js'

const base: SlotsInput = { endpoints: 3, perReplica: 10, max: 100, breaker: initialBreaker, suspended: false, atZero: false, now: 100 }
const slots = (changes: Partial<SlotsInput>): number => slotsFor({ ...base, ...changes })
const open = { kind: 'open', probeAt: 101, pauseMs: 5 } as const
const probe = { kind: 'open', probeAt: 100, pauseMs: 5 } as const

describe('slotsFor', () => {
  it('gives each ready address its share, up to the maximum', () => {
    expect(slots({})).toBe(30)
    expect(slots({ endpoints: 11 })).toBe(100)
    expect(slots({ breaker: { kind: 'closed', exhaustedInRow: 9 } })).toBe(30)
  })

  it('has exactly one wake slot at zero, and none where nothing may be woken', () => {
    expect(slots({ endpoints: 0, atZero: true })).toBe(1)
    expect(slots({ endpoints: 0 })).toBe(0)
  })

  it('has none while suspended or open, and one for a probe', () => {
    expect(slots({ suspended: true })).toBe(0)
    expect(slots({ breaker: open })).toBe(0)
    expect(slots({ breaker: open, endpoints: 0, atZero: true })).toBe(0)
    expect(slots({ breaker: probe })).toBe(1)
    expect(slots({ breaker: probe, suspended: true })).toBe(0)
    expect(slots({ breaker: probe, endpoints: 0, atZero: true })).toBe(1)
    expect(slots({ breaker: probe, endpoints: 0 })).toBe(0)
  })
})
