import type { MetricDeclaration } from '../core/metrics.js'
import { CounterSeries, Family, GaugeSeries, HistogramSeries, type DeclaredFamily, type Series } from './series.js'

/** A metric of a catalogue, under its full name, with no series yet. */
export function familyOf (name: string, { type, help, labels, buckets = [] }: MetricDeclaration): DeclaredFamily {
  const base = { name, help, labels }
  const family = <S extends Series>(make: (labels: Readonly<Record<string, string>>) => S): Family<S> => new Family(labels, make)
  switch (type) {
    case 'counter': return { ...base, type, family: family(own => new CounterSeries(own)) }
    case 'gauge': return { ...base, type, family: family(own => new GaugeSeries(own)) }
    case 'histogram': return { ...base, type, bounds: buckets, family: family(own => new HistogramSeries(own, buckets)) }
  }
}
