import { metricCatalogue, type MetricDeclaration } from '../../src/core/metrics.js'
import { names } from '../../src/core/names.js'

const processMetrics = ['process_cpu_seconds_total', 'process_resident_memory_bytes', 'process_start_time_seconds']
/** What Prometheus adds by itself; `namespace` is that of the pod where a metric has none of its own. */
const addedLabels = ['job', 'instance', 'namespace', 'le', '__name__']

/** Metrics and labels of a query that the catalogue does not have. A label counts as known where any of the query's metrics has it. */
export function unknownIn (query: string): readonly string[] {
  const mentioned = [...query.matchAll(/\b((?:tidegate|process)_[a-z_]+)/g)].map(([, name]) => name ?? '')
  const declared = mentioned.map(name => ({ name, declaration: declarationOf(name) }))
  const known = new Set([...addedLabels, ...declared.flatMap(({ declaration }) => declaration?.labels ?? [])])
  return [
    ...(mentioned.length === 0 ? [`no metric in ${query}`] : []),
    ...declared.filter(({ name, declaration }) => declaration === undefined && !processMetrics.includes(name)).map(({ name }) => name),
    ...labelsIn(query).filter(label => !known.has(label)),
  ]
}

/** A histogram is queried by its series. */
function declarationOf (name: string): MetricDeclaration | undefined {
  const catalogue: Readonly<Record<string, MetricDeclaration>> = metricCatalogue
  const own = name.slice(names.metricPrefix.length)
  const histogram = catalogue[own.replace(/_(bucket|sum|count)$/, '')]
  return catalogue[own]?.type === 'histogram' ? undefined : catalogue[own] ?? (histogram?.type === 'histogram' ? histogram : undefined)
}

function labelsIn (query: string): readonly string[] {
  const grouped = [...query.matchAll(/\b(?:by|on|without|ignoring)\s*\(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(',').map(label => label.trim()))
  const matched = [...query.matchAll(/\{([^}]*)\}/g)].flatMap(([, matchers = '']) => [...matchers.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label]) => label ?? ''))
  return [...grouped, ...matched]
}
