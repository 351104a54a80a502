import type { MetricDeclaration } from '../core/metrics.js'
import { names } from '../core/names.js'
import type { Telemetry } from '../runtime/ports.js'
import { familyOf } from './family.js'
import type { DeclaredFamily } from './series.js'

/** Telemetry that can be read out. */
export interface Metrics extends Telemetry {
  readonly contentType: string
  /** All metrics in the Prometheus text format. */
  text(): Promise<string>
}

/**
 * The metrics of a catalogue. Counting works from the first moment; prom-client, which writes the text, is loaded at the first scrape.
 * `more`: others that are made from these when they are asked for.
 * A name that the catalogue does not have, or has as another type, is a defect and throws.
 */
export function metrics (catalogue: Readonly<Record<string, MetricDeclaration>>, more: (own: ReadonlyMap<string, DeclaredFamily>) => readonly DeclaredFamily[] = () => []): Metrics {
  const declared = new Map(Object.entries(catalogue).map(([name, declaration]) => [name, familyOf(names.metricPrefix + name, declaration)]))
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
    text: async () => (await import('./prometheus.js')).exposition([...declared.values(), ...more(declared)]),
  }
}

const isOf = <T extends DeclaredFamily['type']>(found: DeclaredFamily | undefined, type: T): found is DeclaredFamily & { type: T } => found?.type === type
