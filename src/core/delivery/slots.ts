import type { EpochMs } from '../clock.js'
import { isOpen, mayProbe, type BreakerState } from './breaker.js'

export interface SlotsInput {
  /** Ready addresses of the function. */
  readonly endpoints: number
  /** Events one address takes at once, ≥ 1. */
  readonly perReplica: number
  /** Most events in flight over all addresses, ≥ 1. */
  readonly max: number
  readonly breaker: BreakerState
  readonly suspended: boolean
  /** No address is ready, and one event may be pulled to wake the function. */
  readonly atZero: boolean
  readonly now: EpochMs
}

/**
 * How many deliveries may be handed out and not settled at once: what the ready addresses take, exactly 1 at zero (the wake slot),
 * 0 while suspended or while the circuit is open, 1 for the probe of an open circuit.
 */
export function slotsFor ({ endpoints, perReplica, max, breaker, suspended, atZero, now }: SlotsInput): number {
  if (suspended || (isOpen(breaker) && !mayProbe(breaker, now))) return 0
  const slots = endpoints > 0 ? Math.min(max, endpoints * perReplica) : atZero ? 1 : 0
  return isOpen(breaker) ? Math.min(1, slots) : slots
}
