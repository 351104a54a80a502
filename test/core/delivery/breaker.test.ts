import { describe, expect, it } from 'vitest'
import { initialBreaker, isOpen, mayProbe, nextBreaker, type BreakerEvent, type BreakerPolicy, type BreakerState } from '../../../src/core/delivery/breaker.js'

const after = (events: readonly BreakerEvent[], now = 0, from: BreakerState = initialBreaker): BreakerState =>
  events.reduce((state, event) => nextBreaker(state, event, now), from)
const times = (n: number, event: BreakerEvent): BreakerEvent[] => Array.from({ length: n }, () => event)

describe('the breaker', () => {
  it('opens at the tenth event exhausted in a row', () => {
    expect(isOpen(after(times(9, 'exhausted')))).toBe(false)
    expect(after(times(10, 'exhausted'), 1000)).toEqual({ kind: 'open', probeAt: 6000, pauseMs: 5000 })
  })

  it('counts from the last success; retries neither count nor forgive', () => {
    expect(isOpen(after([...times(9, 'exhausted'), 'success', ...times(9, 'exhausted')]))).toBe(false)
    expect(isOpen(after([...times(9, 'exhausted'), 'failed', 'exhausted']))).toBe(true)
    expect(isOpen(after(times(1000, 'failed')))).toBe(false)
  })

  it('tells a story: opens, probes with growing pauses, closes on a success', () => {
    let state = after(times(10, 'exhausted'), 0)
    expect(mayProbe(state, 4999)).toBe(false)
    expect(mayProbe(state, 5000)).toBe(true)
    state = nextBreaker(state, 'failed', 6000)
    expect(state).toEqual({ kind: 'open', probeAt: 16_000, pauseMs: 10_000 })
    state = nextBreaker(state, 'exhausted', 16_500)
    expect(state).toEqual({ kind: 'open', probeAt: 36_500, pauseMs: 20_000 })
    expect(nextBreaker(state, 'success', 37_000)).toEqual(initialBreaker)
  })

  it('never waits longer than the longest pause', () => {
    let state = after(times(10, 'exhausted'))
    for (let now = 1e6, i = 0; i < 20; i++, now += 1e6) state = nextBreaker(state, 'failed', now)
    expect(state).toMatchObject({ kind: 'open', pauseMs: 300_000 })
  })

  it('lets late ends of older deliveries change nothing, but a success closes it', () => {
    const open = after(times(10, 'exhausted'))
    expect(after(['failed', 'exhausted'], 4999, open)).toBe(open)
    expect(after(['success'], 4999, open)).toBe(initialBreaker)
  })

  it('gives back the same state when nothing changes', () => {
    expect(after(['success', 'failed'])).toBe(initialBreaker)
  })

  it('never opens where the user switched it off', () => {
    const off: BreakerPolicy = { exhausted: Infinity, pauseMs: 1, maxPauseMs: 1 }
    const state = times(10_000, 'exhausted').reduce((s: BreakerState, event) => nextBreaker(s, event, 0, off), initialBreaker)
    expect(isOpen(state)).toBe(false)
  })
})
