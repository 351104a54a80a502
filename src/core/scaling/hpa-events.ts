import type { EpochMs } from '../clock.js'
import type { ScaleEvent, ScalingPolicy } from './types.js'

/** A slot of the HPA's event log of one direction. An outdated one is used again by the next event. */
export interface EventSlot extends ScaleEvent { readonly outdated: boolean }

export const longestPeriodMs = (policies: readonly ScalingPolicy[]): number => Math.max(0, ...policies.map(({ periodMs }) => periodMs))

/** Sum of the changes younger than the period. */
export const changeWithin = (events: readonly ScaleEvent[], periodMs: number, now: EpochMs): number =>
  events.filter(({ at }) => now - at < periodMs).reduce((sum, { change }) => sum + change, 0)

/**
 * The HPA's log after a change of one direction: events older than the longest period are outdated, the last of them gives its slot to the
 * new one. Without policies (`undefined`: no `behavior`) nothing is stored.
 */
export function storeScaleEvent (input: {
  readonly log: readonly EventSlot[], readonly policies: readonly ScalingPolicy[] | undefined, readonly change: number, readonly now: EpochMs,
}): readonly EventSlot[] {
  const { log, policies, change, now } = input
  if (policies === undefined) return log
  const longest = longestPeriodMs(policies)
  const marked = log.map(slot => now - slot.at > longest ? { ...slot, outdated: true } : slot)
  const free = marked.findLastIndex(({ outdated }) => outdated)
  const event = { at: now, change, outdated: false }
  return free === -1 ? [...marked, event] : marked.with(free, event)
}
