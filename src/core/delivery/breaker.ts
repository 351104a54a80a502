import type { EpochMs } from '../clock.js'

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
  /** Nothing is delivered before `probeAt`; from then on one event at a time. */
  | { readonly kind: 'open', readonly probeAt: EpochMs, readonly pauseMs: number }

/** The end of a delivery as the breaker sees it: `failed` will be tried again, `exhausted` was given up or is held. */
export type BreakerEvent = 'success' | 'failed' | 'exhausted'

export const initialBreaker: BreakerState = { kind: 'closed', exhaustedInRow: 0 }

/**
 * The circuit of one Trigger, as a reducer. A success always closes it, also one of a delivery that was under way when it opened.
 * Other ends before `probeAt` belong to such deliveries and change nothing; after it they are a probe's, and the next one waits longer.
 * Returns the same object when nothing changes.
 */
export function nextBreaker (state: BreakerState, event: BreakerEvent, now: EpochMs, policy: BreakerPolicy = breakerDefaults): BreakerState {
  if (event === 'success') return state.kind === 'closed' && state.exhaustedInRow === 0 ? state : initialBreaker
  if (state.kind === 'open') return mayProbe(state, now) ? opened(Math.min(state.pauseMs * 2, policy.maxPauseMs), now) : state
  if (event === 'failed') return state
  const exhaustedInRow = state.exhaustedInRow + 1
  return exhaustedInRow < policy.exhausted ? { kind: 'closed', exhaustedInRow } : opened(policy.pauseMs, now)
}

const opened = (pauseMs: number, now: EpochMs): BreakerState => ({ kind: 'open', probeAt: now + pauseMs, pauseMs })

/** The Trigger is held: at most one event at a time is with the function. */
export const isOpen = (state: BreakerState): state is BreakerState & { kind: 'open' } => state.kind === 'open'

/** One event may be handed to the function, to see whether it has recovered; true until that event has ended. */
export const mayProbe = (state: BreakerState, now: EpochMs): boolean => isOpen(state) && now >= state.probeAt
