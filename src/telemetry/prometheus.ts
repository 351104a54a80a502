import { Counter, Gauge, Histogram, Registry, type MetricObjectWithValues, type MetricValueWithName } from 'prom-client'
import { assertNever } from '../core/assert-never.js'
import type { CounterSeries, DeclaredFamily, GaugeSeries, HistogramSeries } from './series.js'

/** The Prometheus text of our own counts, and what every process tells of itself. */
export async function exposition (families: readonly DeclaredFamily[]): Promise<string> {
  const registry = new Registry()
  for (const family of families) if (isTold(family)) register(family, registry)
  registerProcess(registry)
  return registry.metrics()
}

/** prom-client says 0 of a metric without labels that nobody set; what is not known is not 0. */
const isTold = ({ labels, family }: DeclaredFamily): boolean => labels.length > 0 || family.size > 0

function register (declared: DeclaredFamily, registry: Registry): void {
  const { name, help } = declared
  const configuration = { name, help, labelNames: [...declared.labels], registers: [registry] }
  switch (declared.type) {
    case 'counter': return fill(declared.family.all(), new Counter(configuration))
    case 'gauge': return fill(declared.family.all(), new Gauge(configuration))
    case 'histogram': return registry.registerMetric(new CountedHistogram({ ...configuration, registers: [], buckets: [...declared.bounds] }, declared.family.all()))
    default: return assertNever(declared)
  }
}

function fill (series: Iterable<CounterSeries | GaugeSeries>, metric: Counter | Gauge): void {
  for (const { labels, value } of series) metric.inc(labels, value)
}

/** A histogram whose observations were counted elsewhere. */
class CountedHistogram extends Histogram {
  readonly #series: Iterable<HistogramSeries>
  readonly #name: string
  /** Says what a histogram says of itself; its own values are none. */
  readonly #blank: Histogram

  constructor (configuration: ConstructorParameters<typeof Histogram>[0], series: Iterable<HistogramSeries>) {
    super(configuration)
    this.#series = series
    this.#name = configuration.name
    this.#blank = new Histogram(configuration)
  }

  /** prom-client asks this first when it writes text; it would else read the observations it never saw. */
  getForPromString (): Promise<MetricObjectWithValues<MetricValueWithName<string>>> { return this.get() }

  override async get (): Promise<MetricObjectWithValues<MetricValueWithName<string>>> {
    return { ...await this.#blank.get(), values: [...this.#series].flatMap(series => valuesOf(this.#name, series)) }
  }
}

function valuesOf (name: string, { labels, bounds, counts, sum }: HistogramSeries): MetricValueWithName<string>[] {
  let cumulated = 0
  const buckets = counts.map((count, i) => {
    cumulated += count
    return { metricName: `${name}_bucket`, labels: { ...labels, le: bounds[i] ?? '+Inf' }, value: cumulated }
  })
  return [...buckets, { metricName: `${name}_sum`, labels, value: sum }, { metricName: `${name}_count`, labels, value: cumulated }]
}

/** The three that dashboards ask of any process. prom-client's full set would keep a 10 ms timer running in an idle process. */
function registerProcess (registry: Registry): void {
  const registers = [registry]
  const { user, system } = process.cpuUsage()
  new Counter({ name: 'process_cpu_seconds_total', help: 'CPU time of this process, user and system.', registers }).inc((user + system) / 1e6)
  new Gauge({ name: 'process_resident_memory_bytes', help: 'Resident memory of this process.', registers }).set(process.memoryUsage.rss())
  new Gauge({ name: 'process_start_time_seconds', help: 'When this process began, seconds since 1970.', registers }).set(Math.round(Date.now() / 1000 - process.uptime()))
}
