import { assertNever } from '../assert-never.js'
import { formatDuration } from '../duration.js'
import { backoffDelay } from './backoff.js'
import type { DeliveryPolicy, Disposition, ExhaustedReason, Outcome } from './types.js'

export interface DisposeInput {
  readonly outcome: Outcome
  /** POSTs made of this event, this one included, ≥ 1. */
  readonly attempt: number
  readonly policy: DeliveryPolicy
  /** 0 ≤ r < 1: spreads the retry. */
  readonly random: number
}

/** 4xx that speak of the moment or of the endpoint (a mesh, a bad rollout), never of the event. */
const passing4xx: ReadonlySet<number> = new Set([401, 403, 404, 405, 407, 408, 425, 429])

/**
 * What becomes of a delivery after a POST: the whole policy.
 * Success acks, whatever the body. What may pass is retried until the attempts are used up. Only a 4xx that blames the event
 * gives it up at once. A redirect is not followed and is the endpoint's fault, like any other answer outside `success`.
 */
export function dispose ({ outcome, attempt, policy, random }: DisposeInput): Disposition {
  switch (outcome.kind) {
    case 'aborted': return { kind: 'release' }
    case 'unreachable': return retry(`unreachable: ${outcome.message}`)
    case 'timed-out': return retry(`no answer within ${formatDuration(outcome.afterMs)}`)
    case 'answered': return disposeAnswer(outcome.status, outcome.retryAfterMs)
    default: return assertNever(outcome)
  }

  function disposeAnswer (status: number, retryAfterMs = 0): Disposition {
    const because = `answered ${status}`
    if (isSuccess(status, policy)) return { kind: 'ack' }
    if (status === 410) return policy.on410 === 'Suspend' ? { kind: 'suspend', because } : giveUp('gone', because, policy)
    if (blamesTheEvent(status)) return giveUp('rejected', because, policy)
    return retry(because, Math.min(retryAfterMs, policy.retryAfterMaxMs))
  }

  function retry (because: string, atLeastMs = 0): Disposition {
    if (attempt >= policy.retry.attempts) return giveUp('attempts', `${because}, ${attemptText(attempt, policy)}`, policy)
    return { kind: 'retry', afterMs: Math.max(atLeastMs, backoffDelay(attempt, policy.retry, random)), because }
  }
}

/** What was held is tried beyond its attempts. */
const attemptText = (attempt: number, { retry }: DeliveryPolicy): string =>
  attempt > retry.attempts ? `attempt ${attempt}, held since attempt ${retry.attempts}` : `attempt ${attempt} of ${retry.attempts}`

const isSuccess = (status: number, policy: DeliveryPolicy): boolean => policy.success.some(([from, to]) => from <= status && status <= to)

const blamesTheEvent = (status: number): boolean => status >= 400 && status < 500 && !passing4xx.has(status)

function giveUp (reason: ExhaustedReason, because: string, policy: DeliveryPolicy): Disposition {
  switch (policy.onExhausted) {
    case 'DeadLetter': return { kind: 'deadLetter', reason, because }
    case 'Drop': return { kind: 'drop', reason, because }
    // Nothing is lost and nobody is hurried: the longest wait of the policy.
    case 'Hold': return { kind: 'hold', afterMs: policy.retry.maxMs, because }
    default: return assertNever(policy.onExhausted)
  }
}
