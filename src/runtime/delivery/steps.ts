import { dispose } from '../../core/delivery/dispose.js'
import type { Verdict } from '../../core/delivery/filter.js'
import type { DeliveryPolicy, Disposition, Envelope, Outcome } from '../../core/delivery/types.js'
import type { Delivery } from '../../plugin/connector.js'
import type { CallOptions, Clock, FunctionEndpoint, Histogram } from '../ports.js'
import type { Attempts } from './attempts.js'
import type { EndpointPool } from './endpoint-pool.js'

/** What becomes of a delivery: what `dispose` said, or that a filter let it pass by. */
export type Ending = Disposition | { readonly kind: 'filtered', readonly because: string }

/** POSTs an event once, on a slot of its own. `undefined`: no slot came before the signal; nothing was sent. */
export type Call = (event: Envelope, attempt: number, signal: AbortSignal) => Promise<Outcome | undefined>

/** Brings one delivery to its end. */
export type Step = (delivery: Delivery, signal: AbortSignal) => Ending | Promise<Ending>

/** The innermost step: a slot, a POST, the slot back. */
export function calling (parts: {
  readonly pool: EndpointPool
  readonly endpoint: FunctionEndpoint
  readonly options: CallOptions
  readonly headers: (attempt: number) => Readonly<Record<string, string>>
  /** Waits for a slot where none is free: the function sleeps, or is full. */
  readonly waitForSlot: (signal: AbortSignal) => Promise<ReturnType<EndpointPool['take']>>
  readonly duration: Histogram
  readonly clock: Clock
}): Call {
  const { pool, endpoint, options, headers, waitForSlot, duration, clock } = parts
  return async (event, attempt, signal) => {
    const slot = pool.take() ?? await waitForSlot(signal)
    if (slot === undefined) return undefined
    const began = clock.monotonic()
    try {
      return await endpoint.send(slot.endpoint, event, options, headers(attempt), signal)
    } finally {
      duration.observe((clock.monotonic() - began) / 1000)
      slot.release()
    }
  }
}

/**
 * Counts POSTs and asks `dispose` what each outcome means. Where the source cannot wait before a retry,
 * the delivery stays here, in its slot of the pump, and is tried again in process.
 */
export function attempting (call: Call, parts: {
  readonly attempts: Attempts
  readonly policy: DeliveryPolicy
  readonly random: () => number
  readonly clock: Clock
  readonly delayedRetry: boolean
  /** What really becomes of an event, once the circuit has heard of it. */
  readonly judge: (disposition: Disposition) => Disposition
  /** Told of each failure after which the delivery stays in process. */
  readonly failed: (event: Envelope, disposition: Disposition & { kind: 'retry' | 'hold' }) => void
}): Step {
  const { attempts, policy, random, clock, delayedRetry, judge, failed } = parts
  return async (delivery, signal) => {
    for (let attempt = attempts.before(delivery) + 1; ; attempt++) {
      const outcome = await call(delivery.event, attempt, signal)
      if (outcome === undefined || outcome.kind === 'aborted') {
        attempts.remember(delivery.event.id, attempt - 1)
        return { kind: 'release' }
      }
      const disposition = judge(dispose({ outcome, attempt, policy, random: random() }))
      if (disposition.kind === 'ack') {
        attempts.forget(delivery)
        return disposition
      }
      attempts.remember(delivery.event.id, attempt)
      if (delayedRetry || (disposition.kind !== 'retry' && disposition.kind !== 'hold')) return disposition
      failed(delivery.event, disposition)
      await clock.sleep(disposition.afterMs, signal)
      if (signal.aborted) return { kind: 'release' }
      if (disposition.kind === 'hold') attempt = policy.retry.attempts - 1 // held: the next failure finds it exhausted again, and it is held again
    }
  }
}

/** What a filter does not let through is done with, counted and explained. */
export function filtering (step: Step, filter: ((event: Envelope) => Verdict) | undefined): Step {
  if (filter === undefined) return step
  return (delivery, signal) => {
    const verdict = filter(delivery.event)
    return verdict.pass ? step(delivery, signal) : { kind: 'filtered', because: verdict.because }
  }
}
