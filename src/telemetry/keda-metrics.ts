import { kedaMetricCatalogue, kedaMetricPrefix, type KedaMetricName } from '../core/keda-metrics.js'
import type { ObjectStatus } from '../runtime/ports.js'
import { familyOf } from './family.js'
import type { DeclaredFamily, Labels, Series } from './series.js'

/** What is there to be scaled or to scale with, as it was written. */
export interface RegisteredObject {
  readonly kind: string
  readonly namespace: string
  readonly name: string
  readonly triggers: readonly { readonly type: string, readonly name: string }[]
}

export interface KedaMetricsParts {
  readonly version: string
  readonly statuses: () => readonly ObjectStatus[]
  readonly objects: () => Iterable<RegisteredObject>
}

/** KEDA's words for our kinds. */
const kindWords: Readonly<Record<string, string>> = {
  ScaledObject: 'scaled_object', ScaledJob: 'scaled_job', TriggerAuthentication: 'trigger_authentication', ClusterTriggerAuthentication: 'cluster_trigger_authentication',
}

/** Names of KEDA's Go types, where they are not the type's own words. */
const goNames: Readonly<Record<string, string>> = { 'nats-jetstream': 'natsJetStreamScaler', 'metrics-api': 'metricsAPIScaler' }

const goName = (type: string): string => goNames[type] ?? `${type.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())}Scaler`

/** KEDA's metrics as they are now, from our own (`own`, by their name without the prefix) and from what is known of each object. */
export const kedaMetrics = ({ version, statuses, objects }: KedaMetricsParts) => (own: ReadonlyMap<string, DeclaredFamily>): readonly DeclaredFamily[] => {
  const page = new Page()
  page.add('build_info', { version }, 1)
  const known = new Map(statuses().map(status => [keyOf(status.ref), status]))
  const failures = failuresOf(own.get('scaler_reads_total')?.family.all() ?? [])
  for (const object of objects()) addObject(page, object, known.get(keyOf(object)), failures)
  return page.families
}

function addObject (page: Page, object: RegisteredObject, status: ObjectStatus | undefined, failures: ReadonlyMap<string, number>): void {
  const { kind, namespace, name, triggers } = object
  const word = kindWords[kind]
  if (word === undefined) return
  page.add('resource_registered_total', { type: word, namespace: namespace === '' ? 'default' : namespace }, 1)
  if (kind !== 'ScaledObject' && kind !== 'ScaledJob') return
  if (kind === 'ScaledObject') page.add('scaled_object_paused', { namespace, scaledObject: name }, isTrue(status, 'Paused') ? 1 : 0)
  for (const [index, trigger] of triggers.entries()) {
    page.add('trigger_registered_total', { type: trigger.type }, 1)
    const key = trigger.name === '' ? `s${index}` : trigger.name
    const failed = failures.get(failureKey(namespace, name, key)) ?? 0
    if (kind === 'ScaledObject') page.add('scaled_object_errors_total', { namespace, scaledObject: name }, failed)
    else page.add('scaled_job_errors_total', { namespace, scaledJob: name }, failed)
    const reading = status?.scaling?.readings.find(r => r.trigger === key)
    const measurements = reading?.kind === 'measured' ? reading.measurements : []
    for (const { name: metric, value, active, activation } of measurements) {
      const labels = { namespace, metric: `s${index}-${metric}`, scaledObject: name, scaler: trigger.name === '' ? goName(trigger.type) : trigger.name, triggerIndex: String(index), type: kind.toLowerCase() }
      page.add('scaler_metrics_value', labels, value)
      page.add('scaler_active', labels, active ?? value > activation ? 1 : 0)
      page.add('scaler_detail_errors_total', labels, failed)
    }
  }
}

/** The series of one answer. */
class Page {
  readonly #families = new Map(Object.entries(kedaMetricCatalogue).map(([name, declaration]) => [name, familyOf(kedaMetricPrefix + name, declaration)]))

  get families (): readonly DeclaredFamily[] { return [...this.#families.values()] }

  /** Adds to a series; to one that is not there yet, which then is. */
  add (name: KedaMetricName, labels: Labels, value: number): void {
    const declared = this.#families.get(name)
    if (declared === undefined || declared.type === 'histogram') return
    declared.family.get(labels).value += value
  }
}

function failuresOf (reads: Iterable<Series>): ReadonlyMap<string, number> {
  const failures = new Map<string, number>()
  for (const series of reads) {
    const { outcome, namespace = '', scaled_object: object = '', trigger = '' } = series.labels
    if (outcome === 'failed' && 'value' in series && typeof series.value === 'number') failures.set(failureKey(namespace, object, trigger), series.value)
  }
  return failures
}

const failureKey = (...parts: readonly string[]): string => parts.join('/')
const keyOf = ({ kind, namespace, name }: { readonly kind: string, readonly namespace: string, readonly name: string }): string => `${kind} ${namespace}/${name}`
const isTrue = (status: ObjectStatus | undefined, type: string): boolean => status?.conditions.find(c => c.type === type)?.status === 'True'
