import type { EpochMs } from '../clock.js'
import { longestPeriodMs } from './hpa-events.js'
import type { Recommendation, ScaleEvent, ScaleMemory, ScalePolicy } from './types.js'

/** Adds a raw wish and keeps those that can still hold a count: younger than their window, and higher (lower) than all that came later. */
export function rememberWish (input: { readonly memory: ScaleMemory, readonly now: EpochMs, readonly replicas: number, readonly policy: ScalePolicy }): ScaleMemory {
  const { memory, now, replicas, policy } = input
  const kept: Recommendation[] = []
  let highest = -Infinity
  let lowest = Infinity
  for (const one of [...memory.recommendations, { at: now, replicas }].reverse()) {
    const age = now - one.at
    const mayHoldDown = one.replicas > highest && age <= policy.scaleDown.stabilizationWindowMs
    const mayHoldUp = one.replicas < lowest && age < policy.scaleUp.stabilizationWindowMs
    if (!mayHoldDown && !mayHoldUp) continue
    highest = Math.max(highest, one.replicas)
    lowest = Math.min(lowest, one.replicas)
    kept.push(one)
  }
  return { ...memory, recommendations: kept.reverse() }
}

/** The memory after the decided count was written: the change as an event while a policy's period lasts, and the count as ours. */
export function rememberChange (input: {
  readonly memory: ScaleMemory, readonly now: EpochMs, readonly change: number, readonly replicas: number, readonly policy: ScalePolicy,
}): ScaleMemory {
  const { memory, now, change, replicas, policy } = input
  const longest = longestPeriodMs([...policy.scaleUp.policies, ...policy.scaleDown.policies])
  const events = change === 0 ? memory.scaleEvents : [...memory.scaleEvents, { at: now, change }]
  return { ...memory, scaleEvents: fewerEvents(events.filter(({ at }) => now - at < longest), mostEvents), lastSet: replicas, decidedAt: now }
}

const mostEvents = 64

/** At most so many events: the oldest become one that has their sum and the stamp of the youngest of them. */
export function fewerEvents (events: readonly ScaleEvent[], most: number): readonly ScaleEvent[] {
  const surplus = events.length - most
  if (surplus <= 0) return events
  const merged = events.slice(0, surplus + 1)
  const at = Math.max(...merged.map(event => event.at))
  return [{ at, change: merged.reduce((sum, { change }) => sum + change, 0) }, ...events.slice(surplus + 1)]
}

/** At most so many recommendations: the oldest become one that holds what the highest of them held, for a little longer. */
export function fewerRecommendations (recommendations: readonly Recommendation[], most: number): readonly Recommendation[] {
  const surplus = recommendations.length - most
  if (surplus <= 0) return recommendations
  const merged = recommendations.slice(0, surplus + 1)
  const one = { at: Math.max(...merged.map(({ at }) => at)), replicas: Math.max(...merged.map(({ replicas }) => replicas)) }
  return [one, ...recommendations.slice(surplus + 1)]
}
