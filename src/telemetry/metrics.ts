import type { MetricDeclaration } from '../core/metrics.js'
import { names } from '../core/names.js'
import type { Telemetry } from '../runtime/ports.js'
import { CounterSeries, Family, GaugeSeries, HistogramSeries, type DeclaredFamily, type Series } from './series.js'

/** Telemetry that can be read out. */
export interface Metrics extends Telemetry {
  readonly contentType: string
  /** All metrics in the Prometheus text format. */
  text(): Promise<string>
}

/**
 * The metrics of a catalogue. Counting works from the first moment; prom-client, which writes the text, is loaded at the first scrape.
 * A name that the catalogue does not have, or has as another type, is a defect and throws.
 */
export function metrics (catalogue: Readonly<Record<string, MetricDeclaration>>): Metrics {
  const declared = new Map(Object.entries(catalogue).map(([name, declaration]) => [name, familyOf(name, declaration)]))
  const find = <T extends DeclaredFamily['type']>(name: string, type: T): DeclaredFamily & { type: T } => {
    const found = declared.get(name)
    if (!isOf(found, type)) throw new Error(`${name} is no ${type} of the metrics catalogue`)
    return found
  }
  return {
    counter: (name, labels) => find(name, 'counter').family.get(labels),
    gauge: (name, labels) => find(name, 'gauge').family.get(labels),
    histogram: (name, labels) => find(name, 'histogram').family.get(labels),
    remove: (name, labels) => declared.get(name)?.family.remove(labels),
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    text: async () => (await import('./prometheus.js')).exposition([...declared.values()]),
  }
}

const isOf = <T extends DeclaredFamily['type']>(found: DeclaredFamily | undefined, type: T): found is DeclaredFamily & { type: T } => found?.type === type

function familyOf (name: string, { type, help, labels, buckets = [] }: MetricDeclaration): DeclaredFamily {
  const base = { name: names.metricPrefix + name, help, labels }
  const family = <S extends Series>(make: (labels: Readonly<Record<string, string>>) => S): Family<S> => new Family(labels, make)
  switch (type) {
    case 'counter': return { ...base, type, family: family(own => new CounterSeries(own)) }
    case 'gauge': return { ...base, type, family: family(own => new GaugeSeries(own)) }
    case 'histogram': return { ...base, type, bounds: buckets, family: family(own => new HistogramSeries(own, buckets)) }
  }
}
