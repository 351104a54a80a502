import type { EpochMs } from '../clock.js'
import { isOpen, mayProbe, type BreakerState } from './breaker.js'

export interface SlotsInput {
  /** Ready addresses of the function. */
  readonly endpoints: number
  /** Events one address takes at once, ≥ 1. */
  readonly perReplica: number
  /** Most events in flight over all addresses, ≥ 1. */
  readonly max: number
  /** `closed`, `open` (nothing), or `probe` (one): see `breakerGate`. */
  readonly breaker: BreakerGate
  readonly suspended: boolean
  /** No address is ready and one event may be pulled to wake the function. */
  readonly atZero: boolean
}

export type BreakerGate = 'closed' | 'open' | 'probe'

/** What the circuit lets through now. A probe under way keeps its slot. */
export function breakerGate (state: BreakerState, now: EpochMs): BreakerGate {
  if (!isOpen(state)) return 'closed'
  return state.kind === 'probing' || mayProbe(state, now) ? 'probe' : 'open'
}

/** How many deliveries may be handed out and not settled at once: 1 at zero (the wake slot) and for a probe, 0 while suspended or open. */
export function slotsFor ({ endpoints, perReplica, max, breaker, suspended, atZero }: SlotsInput): number {
  if (suspended || breaker === 'open') return 0
  const slots = endpoints > 0 ? Math.min(max, endpoints * perReplica) : atZero ? 1 : 0
  return breaker === 'probe' ? Math.min(1, slots) : slots
}

/**
 * The address for the next event: the one with fewest in flight that has a free slot, undefined when none has.
 * Equal ones take turns, beginning after `last` (index of the one chosen before; -1 at first).
 */
export function leastBusy (inFlight: readonly number[], perReplica: number, last: number): number | undefined {
  let best: number | undefined
  let fewest = perReplica
  for (let i = 1; i <= inFlight.length; i++) {
    const at = (last + i) % inFlight.length
    const load = inFlight[at] ?? perReplica
    if (load >= fewest) continue
    best = at
    fewest = load
    if (load === 0) break
  }
  return best
}
