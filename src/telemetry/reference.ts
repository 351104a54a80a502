import { metricCatalogue, type MetricDeclaration } from '../core/metrics.js'
import { names } from '../core/names.js'

/** The metrics reference as Markdown, from the catalogue. */
export function metricsReference (): string {
  const catalogue: Readonly<Record<string, MetricDeclaration>> = metricCatalogue
  const rows = Object.entries(catalogue).map(([name, { type, labels, help }]) =>
    `| \`${names.metricPrefix}${name}\` | ${type} | ${labels.map(label => `\`${label}\``).join(', ')} | ${help} |`)
  return [
    '# Metrics',
    '',
    'Served at `/metrics` in the Prometheus text format. Names and labels are an interface: they change only with a note in the changelog.',
    '',
    '| Metric | Type | Labels | Meaning |',
    '|---|---|---|---|',
    ...rows,
    '',
    'Beside them: `process_cpu_seconds_total`, `process_resident_memory_bytes`, `process_start_time_seconds`.',
    '',
  ].join('\n')
}
