import type { EpochMs } from '../clock.js'
import type { ScaleEvent, ScalingPolicy, ScalingRules } from './types.js'

/** Why a wish was cut, in the words of the HPA's ScalingLimited condition. */
export type LimitReason = 'DesiredWithinRange' | 'ScaleUpLimit' | 'ScaleDownLimit' | 'TooManyReplicas' | 'TooFewReplicas'
export interface Limited { readonly replicas: number, readonly reason: LimitReason }

export interface RateInput {
  readonly now: EpochMs
  readonly current: number
  /** Signed changes of the past, both directions. */
  readonly events: readonly ScaleEvent[]
  readonly scaleUp: ScalingRules
  readonly scaleDown: ScalingRules
}

/** Replicas that were there when the period began: what was added since is taken away, what was removed is put back. */
function startOfPeriod ({ now, current, events }: RateInput, periodMs: number): number {
  return events.filter(({ at }) => now - at < periodMs).reduce((start, { change }) => start - change, current)
}

/** The count that one policy allows at most. 10 % of 100 allows 111: the doubles round as the HPA's do. */
const highest = (start: number, { type, value }: ScalingPolicy): number =>
  type === 'Pods' ? start + value : Math.ceil(start * (1 + value / 100))

/** The count that one policy allows at least. */
const lowest = (start: number, { type, value }: ScalingPolicy): number =>
  type === 'Pods' ? start - value : Math.trunc(start * (1 - value / 100))

/** The most replicas that may be asked for now; never below the present count. No policies: no limit. */
export function upLimit (input: RateInput): number {
  const { selectPolicy, policies } = input.scaleUp
  if (selectPolicy === 'Disabled') return input.current
  if (policies.length === 0) return Infinity
  const limits = policies.map(policy => highest(startOfPeriod(input, policy.periodMs), policy))
  return Math.max(input.current, selectPolicy === 'Max' ? Math.max(...limits) : Math.min(...limits))
}

/** The fewest replicas that may be asked for now; never above the present count. */
export function downLimit (input: RateInput): number {
  const { selectPolicy, policies } = input.scaleDown
  if (selectPolicy === 'Disabled') return input.current
  if (policies.length === 0) return 0
  const limits = policies.map(policy => lowest(startOfPeriod(input, policy.periodMs), policy))
  return Math.min(input.current, selectPolicy === 'Max' ? Math.min(...limits) : Math.max(...limits))
}

/** Limits of one pass of the HPA with `behavior`. On the way up the minimum is not applied, on the way down the maximum is not. */
export function limitWithBehavior (input: RateInput & { readonly wish: number, readonly min: number, readonly max: number }): Limited {
  const { wish, current, min, max } = input
  if (wish > current) {
    const limit = upLimit(input)
    if (wish > Math.min(max, limit)) return max > limit ? { replicas: limit, reason: 'ScaleUpLimit' } : { replicas: max, reason: 'TooManyReplicas' }
  }
  if (wish < current) {
    const limit = downLimit(input)
    if (wish < Math.max(min, limit)) return min < limit ? { replicas: limit, reason: 'ScaleDownLimit' } : { replicas: min, reason: 'TooFewReplicas' }
  }
  return { replicas: wish, reason: 'DesiredWithinRange' }
}

/** Most replicas of one step of the HPA without `behavior`: twice the present count, and at least four. */
export const stepLimit = (current: number): number => Math.max(2 * current, 4)

/** Limits of one pass of the HPA without `behavior`. */
export function limitWithoutBehavior (input: {
  readonly current: number, readonly wish: number, readonly min: number, readonly max: number,
}): Limited {
  const { current, wish, min, max } = input
  const limit = stepLimit(current)
  if (wish < min) return { replicas: min, reason: 'TooFewReplicas' }
  if (wish > Math.min(max, limit)) return max > limit ? { replicas: limit, reason: 'ScaleUpLimit' } : { replicas: max, reason: 'TooManyReplicas' }
  return { replicas: wish, reason: 'DesiredWithinRange' }
}
