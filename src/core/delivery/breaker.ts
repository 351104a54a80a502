import { assertNever } from '../assert-never.js'
import type { EpochMs } from '../clock.js'
import type { Disposition } from './types.js'

/** When a circuit opens, and how long it waits between probes. */
export interface BreakerPolicy {
  /** Events exhausted in a row, without a success between them, that open it; Infinity never opens. */
  readonly exhausted: number
  /** Wait before the first probe; doubled after each probe that fails. */
  readonly pauseMs: number
  readonly maxPauseMs: number
}

export const breakerDefaults: BreakerPolicy = { exhausted: 10, pauseMs: 5_000, maxPauseMs: 300_000 }

export type BreakerState =
  | { readonly kind: 'closed', readonly exhaustedInRow: number }
  /** Nothing is delivered before `probeAt`; then one event at a time. */
  | { readonly kind: 'open', readonly probeAt: EpochMs, readonly pauseMs: number }
  /** One event is with the function; its end decides. */
  | { readonly kind: 'probing', readonly pauseMs: number }

/**
 * `probe`: an event was handed to the function while the circuit was open. The others are ends of a delivery:
 * `failed` will be tried again, `exhausted` was given up, `undecided` says nothing about the function.
 */
export type BreakerEvent = 'success' | 'failed' | 'exhausted' | 'undecided' | 'probe'

export const closedBreaker: BreakerState = { kind: 'closed', exhaustedInRow: 0 }

/**
 * The circuit of one Trigger, as a reducer. A success always closes it, also one of a delivery that was under way when it opened.
 * Ends of such deliveries change nothing else while it is open. Returns the same object when nothing changes.
 */
export function nextBreaker (state: BreakerState, event: BreakerEvent, now: EpochMs, policy: BreakerPolicy = breakerDefaults): BreakerState {
  if (event === 'success') return state.kind === 'closed' && state.exhaustedInRow === 0 ? state : closedBreaker
  switch (state.kind) {
    case 'closed': return event === 'exhausted' ? countExhausted(state.exhaustedInRow + 1, now, policy) : state
    case 'open': return event === 'probe' ? { kind: 'probing', pauseMs: state.pauseMs } : state
    case 'probing': return afterProbe(state, event, now, policy)
    default: return assertNever(state)
  }
}

function countExhausted (exhaustedInRow: number, now: EpochMs, policy: BreakerPolicy): BreakerState {
  if (exhaustedInRow < policy.exhausted) return { kind: 'closed', exhaustedInRow }
  return { kind: 'open', probeAt: now + policy.pauseMs, pauseMs: policy.pauseMs }
}

function afterProbe (state: BreakerState & { kind: 'probing' }, event: Exclude<BreakerEvent, 'success'>, now: EpochMs, policy: BreakerPolicy): BreakerState {
  switch (event) {
    case 'probe': return state
    case 'undecided': return { kind: 'open', probeAt: now, pauseMs: state.pauseMs }
    case 'failed':
    case 'exhausted': {
      const pauseMs = Math.min(state.pauseMs * 2, policy.maxPauseMs)
      return { kind: 'open', probeAt: now + pauseMs, pauseMs }
    }
    default: return assertNever(event)
  }
}

/** The circuit is not closed: the Trigger is held. */
export const isOpen = (state: BreakerState): boolean => state.kind !== 'closed'

/** One event may be handed to the function now, to see whether it has recovered. */
export const mayProbe = (state: BreakerState, now: EpochMs): boolean => state.kind === 'open' && now >= state.probeAt

/** What the end of a delivery tells the breaker. */
export function breakerEvent (disposition: Disposition): BreakerEvent {
  switch (disposition.kind) {
    case 'ack': return 'success'
    case 'retry': return 'failed'
    case 'deadLetter':
    case 'drop':
    case 'hold': return 'exhausted'
    case 'suspend':
    case 'release': return 'undecided'
    default: return assertNever(disposition)
  }
}

/**
 * The disposition of an event that was given up, once the breaker has heard of it: while the circuit is open nothing is given up any more,
 * so that a broken function does not empty the queue into dead letters. The event that opens the circuit is the first to be held.
 */
export function heldWhileOpen (disposition: Disposition, state: BreakerState, now: EpochMs): Disposition {
  if (!isOpen(state) || (disposition.kind !== 'deadLetter' && disposition.kind !== 'drop')) return disposition
  return { kind: 'hold', afterMs: state.kind === 'open' ? Math.max(0, state.probeAt - now) : 0, because: `${disposition.because}; the circuit is open` }
}
