import { describe, expect, it } from 'vitest'
import { breakerEvent, closedBreaker, heldWhileOpen, isOpen, mayProbe, nextBreaker, type BreakerEvent, type BreakerPolicy, type BreakerState } from '../../../src/core/delivery/breaker.js'

const after = (events: readonly BreakerEvent[], now = 0, from: BreakerState = closedBreaker): BreakerState =>
  events.reduce((state, event) => nextBreaker(state, event, now), from)
const times = (n: number, event: BreakerEvent): BreakerEvent[] => Array.from({ length: n }, () => event)

describe('the breaker', () => {
  it('opens at the tenth event exhausted in a row', () => {
    expect(isOpen(after(times(9, 'exhausted')))).toBe(false)
    expect(after(times(10, 'exhausted'), 1000)).toEqual({ kind: 'open', probeAt: 6000, pauseMs: 5000 })
  })

  it('counts from the last success; retries neither count nor forgive', () => {
    expect(isOpen(after([...times(9, 'exhausted'), 'success', ...times(9, 'exhausted')]))).toBe(false)
    expect(isOpen(after([...times(9, 'exhausted'), 'failed', 'undecided', 'exhausted']))).toBe(true)
    expect(isOpen(after(times(1000, 'failed')))).toBe(false)
  })

  it('tells a story: opens, probes one at a time with growing pauses, closes on a success', () => {
    let state = after(times(10, 'exhausted'), 0)
    expect(mayProbe(state, 4999)).toBe(false)
    expect(mayProbe(state, 5000)).toBe(true)
    state = nextBreaker(state, 'probe', 5000)
    expect(isOpen(state) && !mayProbe(state, 1e9)).toBe(true)
    state = nextBreaker(state, 'failed', 6000)
    expect(state).toEqual({ kind: 'open', probeAt: 16_000, pauseMs: 10_000 })
    state = nextBreaker(nextBreaker(state, 'probe', 16_000), 'exhausted', 16_500)
    expect(state).toEqual({ kind: 'open', probeAt: 36_500, pauseMs: 20_000 })
    state = nextBreaker(nextBreaker(state, 'probe', 36_500), 'success', 37_000)
    expect(state).toEqual(closedBreaker)
  })

  it('never waits longer than the longest pause', () => {
    let state = after(times(10, 'exhausted'))
    for (let i = 0; i < 20; i++) state = after(['probe', 'failed'], 0, state)
    expect(state).toMatchObject({ kind: 'open', pauseMs: 300_000 })
  })

  it('probes again at once when the probe ended undecided', () => {
    const probing = after(['probe'], 5000, after(times(10, 'exhausted')))
    expect(mayProbe(nextBreaker(probing, 'undecided', 5001), 5001)).toBe(true)
  })

  it('lets late ends of older deliveries change nothing while open, but a success closes it', () => {
    const open = after(times(10, 'exhausted'))
    expect(after(['failed', 'exhausted', 'undecided'], 99, open)).toBe(open)
    expect(after(['success'], 99, open)).toBe(closedBreaker)
  })

  it('never opens where the user switched it off', () => {
    const off: BreakerPolicy = { exhausted: Infinity, pauseMs: 1, maxPauseMs: 1 }
    const state = times(10_000, 'exhausted').reduce((s: BreakerState, event) => nextBreaker(s, event, 0, off), closedBreaker)
    expect(isOpen(state)).toBe(false)
  })

  it('holds what would be given up while the circuit is open, the event that opened it included', () => {
    const open = after(times(10, 'exhausted'), 1000)
    const deadLetter = { kind: 'deadLetter', reason: 'attempts', because: 'answered 500' } as const
    expect(heldWhileOpen(deadLetter, closedBreaker, 1000)).toBe(deadLetter)
    expect(heldWhileOpen(deadLetter, open, 1000)).toEqual({ kind: 'hold', afterMs: 5000, because: 'answered 500; the circuit is open' })
    expect(heldWhileOpen({ kind: 'ack' }, open, 1000)).toEqual({ kind: 'ack' })
  })

  it('learns from each disposition', () => {
    expect(breakerEvent({ kind: 'ack' })).toBe('success')
    expect(breakerEvent({ kind: 'retry', afterMs: 1, because: '' })).toBe('failed')
    expect(breakerEvent({ kind: 'deadLetter', reason: 'gone', because: '' })).toBe('exhausted')
    expect(breakerEvent({ kind: 'drop', reason: 'gone', because: '' })).toBe('exhausted')
    expect(breakerEvent({ kind: 'hold', afterMs: 1, because: '' })).toBe('exhausted')
    expect(breakerEvent({ kind: 'suspend', because: '' })).toBe('undecided')
    expect(breakerEvent({ kind: 'release' })).toBe('undecided')
  })
})
