import { kedaMetricCatalogue, kedaMetricPrefix } from '../core/keda-metrics.js'
import { metricCatalogue, type MetricDeclaration } from '../core/metrics.js'
import { names } from '../core/names.js'

/** The metrics reference as Markdown, from the catalogue. */
export function metricsReference (): string {
  return [
    '# Metrics',
    '',
    'Served at `/metrics` in the Prometheus text format. Names and labels are an interface: they change only with a note in the changelog.',
    '',
    ...table(names.metricPrefix, metricCatalogue),
    '',
    'Beside them: `process_cpu_seconds_total`, `process_resident_memory_bytes`, `process_start_time_seconds`.',
    '',
    '## KEDA\'s names',
    '',
    '`tidegate operator --keda-metrics` serves these beside its own, with KEDA\'s labels, so that dashboards made for KEDA go on working. Not among them, since they would say nothing here: latencies per trigger and loop',
    '(`tidegate_scaler_read_duration_seconds`, `tidegate_scale_loop_lag_seconds`), gRPC, CloudEvent sources, and those of KEDA\'s webhook (`tidegate_webhook_reviews_total`).',
    '',
    ...table(kedaMetricPrefix, kedaMetricCatalogue),
    '',
  ].join('\n')
}

function table (prefix: string, catalogue: Readonly<Record<string, MetricDeclaration>>): readonly string[] {
  return [
    '| Metric | Type | Labels | Meaning |',
    '|---|---|---|---|',
    ...Object.entries(catalogue).map(([name, { type, labels, help }]) => `| \`${prefix}${name}\` | ${type} | ${labels.map(label => `\`${label}\``).join(', ')} | ${help} |`),
  ]
}
