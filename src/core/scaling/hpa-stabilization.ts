import type { EpochMs } from '../clock.js'
import type { Recommendation } from './types.js'

/** The HPA's log of recommendations, in the order of its slots: a slot that nobody needs any more is used again. */
export type RecommendationLog = readonly Recommendation[]

export interface Stabilized { readonly replicas: number, readonly log: RecommendationLog }

export interface Windows { readonly upMs: number, readonly downMs: number }

/**
 * The present count moved as little as the recent recommendations allow: up to the lowest of the up window, down to the highest of the
 * down window, the new wish included. A recommendation counts while it is younger than the window.
 */
export function stabilizedCount (input: {
  readonly now: EpochMs, readonly current: number, readonly wish: number, readonly windows: Windows, readonly log: RecommendationLog,
}): number {
  const { now, current, wish, windows, log } = input
  const youngerThan = (windowMs: number): number[] => log.filter(({ at }) => now - at < windowMs).map(({ replicas }) => replicas)
  const atLeast = Math.min(wish, ...youngerThan(windows.upMs))
  const atMost = Math.max(wish, ...youngerThan(windows.downMs))
  return Math.min(Math.max(current, atLeast), atMost)
}

/** One pass of the HPA with `behavior`. The raw wish is logged, not the result. */
export function stabilizeWithBehavior (input: Parameters<typeof stabilizedCount>[0]): Stabilized {
  const { now, wish, windows, log } = input
  const needless = log.findLastIndex(({ at }) => now - at > windows.upMs && now - at > windows.downMs)
  return { replicas: stabilizedCount(input), log: logged(log, needless, { at: now, replicas: wish }) }
}

/** One pass of the HPA without `behavior`: only lowering is held back, and a recommendation exactly as old as the window still counts. */
export function stabilizeWithoutBehavior (input: {
  readonly now: EpochMs, readonly wish: number, readonly windowMs: number, readonly log: RecommendationLog,
}): Stabilized {
  const { now, wish, windowMs, log } = input
  const isOld = ({ at }: Recommendation): boolean => now - at > windowMs
  const replicas = Math.max(wish, ...log.filter(one => !isOld(one)).map(one => one.replicas))
  return { replicas, log: logged(log, log.findLastIndex(isOld), { at: now, replicas: wish }) }
}

const logged = (log: RecommendationLog, slot: number, one: Recommendation): RecommendationLog =>
  slot === -1 ? [...log, one] : log.with(slot, one)
