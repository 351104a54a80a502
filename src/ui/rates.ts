import type { EpochMs } from '../core/clock.js'
import { refKey, type ObjectStatus } from '../runtime/ports.js'

/** Rates are taken over the last ten seconds: long enough to be calm, short enough to follow a burst. */
const windowMs = 10_000
/** Samples nearer to each other say no more than one. */
const spacingMs = 500

interface Sample { readonly at: EpochMs, readonly delivered: number }

/** Delivered counts of the last seconds, per object. Plain data; starts empty. */
export type RateHistory = ReadonlyMap<string, readonly Sample[]>

/** The history after one more look at the statuses. Objects that are gone are forgotten; a count that fell began anew. */
export function nextRates (history: RateHistory, statuses: readonly ObjectStatus[], now: EpochMs): RateHistory {
  const next = new Map<string, readonly Sample[]>()
  for (const { ref, delivery } of statuses) {
    if (delivery === undefined) continue
    const before = history.get(refKey(ref)) ?? []
    const last = before.at(-1)
    const sample = { at: now, delivered: delivery.delivered }
    if (last === undefined || last.delivered > delivery.delivered || last.at > now) next.set(refKey(ref), [sample])
    else if (now - last.at < spacingMs) next.set(refKey(ref), before)
    else next.set(refKey(ref), [...withinWindow(before, now), sample])
  }
  return next
}

/** Keeps one sample from before the window, so that the rate spans all of it. */
function withinWindow (samples: readonly Sample[], now: EpochMs): readonly Sample[] {
  const firstInside = samples.findIndex(sample => sample.at >= now - windowMs)
  return samples.slice(firstInside === -1 ? -1 : Math.max(0, firstInside - 1))
}

/** Deliveries per second of an object over the window; undefined before there are two samples. */
export function deliveryRate (history: RateHistory, key: string): number | undefined {
  const samples = history.get(key)
  const first = samples?.[0]
  const last = samples?.at(-1)
  if (first === undefined || last === undefined || first.at === last.at) return undefined
  return (last.delivered - first.delivered) / ((last.at - first.at) / 1000)
}
