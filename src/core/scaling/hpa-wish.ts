/** The arithmetic of the HorizontalPodAutoscaler for External and Object metrics. Operations stand in its order: the doubles come out bit by bit the same. */

/** Ratio below and above 1 inside which the count stays; both ends belong to it. */
export interface Tolerance { readonly down: number, readonly up: number }

/** The HPA's counts are signed 32-bit. */
export const mostReplicas = 2_147_483_647
const mostMilli = 2n ** 63n - 1n

/** Sum of milli-units, saturating at the greatest signed 64-bit number. */
export function sumMilli (values: readonly bigint[]): bigint {
  const sum = values.reduce((total, value) => total + value, 0n)
  return sum > mostMilli ? mostMilli : sum
}

export const isWithin = (ratio: number, { down, up }: Tolerance): boolean => 1 - down <= ratio && ratio <= 1 + up

const asReplicas = (count: number): number => Math.min(Math.ceil(count), mostReplicas)

/**
 * Wish of a metric whose target is per replica. `existing` is the scale object's status.replicas: inside the tolerance that count is kept.
 * With no replica the ratio is no number that could be within, so the wish is what the backlog needs.
 */
export function averageValueWish (input: {
  readonly totalMilli: bigint, readonly targetMilli: bigint, readonly existing: number, readonly tolerance: Tolerance,
}): number {
  const total = Number(input.totalMilli)
  const target = Number(input.targetMilli)
  const ratio = total / (target * input.existing)
  return isWithin(ratio, input.tolerance) ? input.existing : asReplicas(total / target)
}

/** What the HPA reports as the value of one replica, rounded up; 0 without replicas. */
export function averageMilli (totalMilli: bigint, existing: number): bigint {
  if (existing === 0) return 0n
  const average = BigInt(Math.ceil(Number(totalMilli) / existing))
  return average > mostMilli ? mostMilli : average
}

/**
 * Wish of a metric whose target is for all replicas together: the replicas that are ready, scaled by value / target.
 * `spec` is the count asked for, kept inside the tolerance; at 0 the ratio alone counts and no tolerance applies.
 */
export function valueWish (input: {
  readonly totalMilli: bigint, readonly targetMilli: bigint, readonly spec: number, readonly ready: number, readonly tolerance: Tolerance,
}): number {
  const ratio = Number(input.totalMilli) / Number(input.targetMilli)
  if (input.spec === 0) return asReplicas(ratio)
  return isWithin(ratio, input.tolerance) ? input.spec : asReplicas(ratio * input.ready)
}
