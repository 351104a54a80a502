import { breakerDefaults, type BreakerPolicy } from '../core/delivery/breaker.js'
import type { DeliveryPolicy } from '../core/delivery/types.js'
import type { Trigger } from './trigger.js'

/** What a connector's definition says that the policy depends on. */
export interface SourceTraits {
  readonly guarantees: { readonly delivery: 'at-least-once' | 'at-most-once' }
  /** Present where the source has a place of its own for dead letters. */
  readonly deadLetterDefault?: unknown
}

/** What a Trigger says about calls that fail. */
export function deliveryPolicyOf (trigger: Trigger, source: SourceTraits): DeliveryPolicy {
  const { delivery } = trigger.spec
  const { attempts, backoff, initial, max, jitter } = delivery.retry
  return {
    retry: { attempts, backoff, initialMs: initial, maxMs: max, jitter },
    retryAfterMaxMs: delivery.retryAfter.mode === 'Ignore' ? 0 : delivery.retryAfter.max,
    onExhausted: delivery.onExhausted ?? whenExhausted(trigger, source),
    on410: delivery.on410,
    success: trigger.spec.function.success.map(rangeOf),
  }
}

export function breakerPolicyOf ({ spec: { circuitBreaker } }: Trigger): BreakerPolicy {
  return {
    exhausted: circuitBreaker.mode === 'Off' ? Infinity : circuitBreaker.failures,
    pauseMs: circuitBreaker.openFor,
    maxPauseMs: Math.max(circuitBreaker.openFor, breakerDefaults.maxPauseMs),
  }
}

/** A source that keeps nothing has no event to hold. */
function whenExhausted (trigger: Trigger, source: SourceTraits): DeliveryPolicy['onExhausted'] {
  if (trigger.spec.deadLetter !== undefined || source.deadLetterDefault !== undefined) return 'DeadLetter'
  return source.guarantees.delivery === 'at-most-once' ? 'Drop' : 'Hold'
}

function rangeOf (text: string): readonly [number, number] {
  const [from, to = from] = text.split('-').map(Number)
  return [from ?? 0, to ?? 0]
}
