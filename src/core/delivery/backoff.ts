import { assertNever } from '../assert-never.js'
import type { RetryPolicy } from './types.js'

/**
 * The wait before the next POST, whole milliseconds, 0 ≤ wait ≤ `maxMs`.
 * `attempt` counts the POSTs already made (≥ 1): after the first, exponential and linear both wait about `initialMs`.
 * `random` is in [0, 1); full jitter spreads over 0..wait, equal jitter over wait/2..wait, none takes the whole wait.
 */
export function backoffDelay (attempt: number, retry: Omit<RetryPolicy, 'attempts'>, random: number): number {
  return Math.round(jittered(Math.min(retry.maxMs, growth(attempt, retry)), retry.jitter, random))
}

function growth (attempt: number, { backoff, initialMs }: Pick<RetryPolicy, 'backoff' | 'initialMs'>): number {
  switch (backoff) {
    case 'Constant': return initialMs
    case 'Linear': return initialMs * attempt
    // 2^52 is beyond any maxMs; without the bound a wait of 0 ms times infinity would be NaN.
    case 'Exponential': return initialMs * 2 ** Math.min(attempt - 1, 52)
    default: return assertNever(backoff)
  }
}

function jittered (wait: number, jitter: RetryPolicy['jitter'], random: number): number {
  switch (jitter) {
    case 'Full': return wait * random
    case 'Equal': return wait / 2 + wait / 2 * random
    case 'None': return wait
    default: return assertNever(jitter)
  }
}

/** Equal jitter, so that a lost line is never tried again at once, nor by everybody in the same instant. */
const reconnect = { backoff: 'Exponential', initialMs: 250, maxMs: 30_000, jitter: 'Equal' } as const

/** The wait before a line (connector, doorbell, watch) is opened again. `failures` in a row so far, ≥ 1; 125 ms to 30 s. */
export const reconnectDelay = (failures: number, random: number): number => backoffDelay(failures, reconnect, random)
