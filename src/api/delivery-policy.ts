import { breakerDefaults, type BreakerPolicy } from '../core/delivery/breaker.js'
import type { DeliveryPolicy } from '../core/delivery/types.js'
import type { Destination, Trigger } from './trigger.js'

/** What a Trigger says about calls that fail. */
export function deliveryPolicyOf (trigger: Trigger): DeliveryPolicy {
  const { delivery } = trigger.spec
  const { attempts, backoff, initial, max, jitter } = delivery.retry
  return {
    retry: { attempts, backoff, initialMs: initial, maxMs: max, jitter },
    retryAfterMaxMs: delivery.retryAfter.mode === 'Ignore' ? 0 : delivery.retryAfter.max,
    onExhausted: delivery.onExhausted ?? whenExhausted(trigger),
    on410: delivery.on410,
    success: trigger.spec.function.success.map(rangeOf),
  }
}

/** Where dead letters go: what is written; else an Azure queue has its poison queue, as the Azure Functions host does; else nowhere. */
export function deadLetterOf ({ spec }: Trigger): Destination | undefined {
  if (spec.deadLetter !== undefined) return spec.deadLetter
  const { key, values } = spec.source
  if (key !== 'azureQueue' || typeof values['queueName'] !== 'string') return undefined
  return { key, values: { ...values, queueName: `${values['queueName']}-poison` } }
}

export function breakerPolicyOf ({ spec: { circuitBreaker } }: Trigger): BreakerPolicy {
  return {
    exhausted: circuitBreaker.mode === 'Off' ? Infinity : circuitBreaker.failures,
    pauseMs: circuitBreaker.openFor,
    maxPauseMs: Math.max(circuitBreaker.openFor, breakerDefaults.maxPauseMs),
  }
}

/** Core NATS keeps nothing, so that nothing can be held. */
function whenExhausted (trigger: Trigger): DeliveryPolicy['onExhausted'] {
  if (trigger.spec.source.key === 'nats' && trigger.spec.deadLetter === undefined) return 'Drop'
  return deadLetterOf(trigger) === undefined ? 'Hold' : 'DeadLetter'
}

function rangeOf (text: string): readonly [number, number] {
  const [from, to = from] = text.split('-').map(Number)
  return [from ?? 0, to ?? 0]
}
