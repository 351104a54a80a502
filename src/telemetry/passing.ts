import type { MetricName } from '../core/metrics.js'
import type { Telemetry } from '../runtime/ports.js'

/** Telemetry of something that ends before the process does. */
export interface PassingTelemetry extends Telemetry {
  /** Drops every series of the metrics that were asked for here; they have to be nobody else's. Handles that somebody kept count on unseen. */
  end(): void
}

/** What was last known of an object is wrong as soon as another process looks after it: a gauge that stands still would be believed. */
export function passing (telemetry: Telemetry): PassingTelemetry {
  const used = new Set<MetricName>()
  const noted = <N extends MetricName>(name: N): N => {
    used.add(name)
    return name
  }
  return {
    counter: (name, labels) => telemetry.counter(noted(name), labels),
    gauge: (name, labels) => telemetry.gauge(noted(name), labels),
    histogram: (name, labels) => telemetry.histogram(noted(name), labels),
    remove: (name, labels) => telemetry.remove(name, labels),
    end: () => { for (const name of used) telemetry.remove(name, {}) },
  }
}
