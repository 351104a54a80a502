/** Middle value; the mean of the two middle ones. NaN of nothing. */
export function median (values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2
}

/** What a set of repeated measurements came to. */
export interface Spread { readonly median: number, readonly min: number, readonly max: number, readonly values: readonly number[] }

export const spread = (values: readonly number[]): Spread =>
  ({ median: median(values), min: Math.min(...values), max: Math.max(...values), values })

/** How a measurement stands to its goal. `unsure`: the median misses it and too few of the single values do. */
export type Verdict = 'met' | 'missed' | 'unsure'

/**
 * Missed when the median exceeds the goal and at least five sevenths of the values do: this finds a regression of a
 * tenth and forgives a noisy neighbour.
 */
export function verdict (values: readonly number[], goal: number): Verdict {
  if (median(values) <= goal) return 'met'
  const above = values.filter(value => !(value <= goal)).length
  return above >= values.length * 5 / 7 ? 'missed' : 'unsure'
}

/** Places of values further than `share` from their median. */
export function outliers (values: readonly number[], share: number): readonly number[] {
  const middle = median(values)
  return values.flatMap((value, index) => Math.abs(value / middle - 1) > share ? [index] : [])
}
