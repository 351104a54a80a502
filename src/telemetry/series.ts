import type { Counter, Gauge, Histogram } from '../runtime/ports.js'

export type Labels = Readonly<Record<string, string>>

/** One line of a metric, counted in plain numbers: an event pays for an addition, and a scrape for the text. */
export interface Series { readonly labels: Labels }

export class CounterSeries implements Series, Counter {
  value = 0
  constructor (readonly labels: Labels) {}
  inc (by = 1): void { this.value += by }
}

export class GaugeSeries implements Series, Gauge {
  value = 0
  constructor (readonly labels: Labels) {}
  set (value: number): void { this.value = value }
}

export class HistogramSeries implements Series, Histogram {
  /** Observations per bucket, not cumulated; the last is above every bound. */
  readonly counts: number[]
  sum = 0
  constructor (readonly labels: Labels, readonly bounds: readonly number[]) {
    this.counts = new Array<number>(bounds.length + 1).fill(0)
  }

  observe (value: number): void {
    let at = 0
    while (at < this.bounds.length && value > (this.bounds[at] ?? Infinity)) at++
    this.counts[at] = (this.counts[at] ?? 0) + 1
    this.sum += value
  }
}

/** The series of one metric. Whoever asks for the same labels gets the same one. */
export class Family<S extends Series> {
  readonly #make: (labels: Labels) => S
  readonly #names: readonly string[]
  readonly #series = new Map<string, S>()

  constructor (names: readonly string[], make: (labels: Labels) => S) {
    this.#names = names
    this.#make = make
  }

  get (labels: Labels): S {
    const key = JSON.stringify(this.#names.map(name => labels[name]))
    let series = this.#series.get(key)
    if (series === undefined) this.#series.set(key, series = this.#make({ ...labels }))
    return series
  }

  /** Drops those whose labels match; a handle that somebody kept counts on unseen. */
  remove (labels: Partial<Labels>): void {
    const wanted = Object.entries(labels)
    for (const [key, series] of this.#series) {
      if (wanted.every(([name, value]) => series.labels[name] === value)) this.#series.delete(key)
    }
  }

  get size (): number { return this.#series.size }

  all (): Iterable<S> { return this.#series.values() }
}

/** A metric with its series, as the text is made from. */
export type DeclaredFamily = { readonly name: string, readonly help: string, readonly labels: readonly string[] } & (
  | { readonly type: 'counter', readonly family: Family<CounterSeries> }
  | { readonly type: 'gauge', readonly family: Family<GaugeSeries> }
  | { readonly type: 'histogram', readonly family: Family<HistogramSeries>, readonly bounds: readonly number[] })
