import { triggerKey } from '../../api/scale-trigger.js'
import { originalOf } from '../../core/scaling/memory.js'
import { isMapping } from '../../spec/read.js'
import type { ScalingStatus } from '../../runtime/ports.js'
import type { CustomResource, WireResourceStatus } from './custom-resource.js'
import { watchedPlural } from '../targets/workloads.js'

export interface ScaledObjectStatus extends WireResourceStatus {
  readonly scaleTargetKind: string
  readonly scaleTargetGVKR: { readonly group: string, readonly version: string, readonly kind: string, readonly resource: string }
}

/**
 * What KEDA's users read in the status of a ScaledObject (keda.md a.4). Metrics go by KEDA's names, `s<index>-<metric>`, though no HPA asks
 * for them here. `null` takes away what a merge would leave.
 */
export function scaledObjectStatus (scaling: ScalingStatus, { wanted }: CustomResource, before: WireResourceStatus): ScaledObjectStatus {
  const { target: { apiVersion, kind }, memory, current, pausedReplicas } = scaling
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  const metrics = metricsOf(scaling, wanted.spec, before.externalMetricNames ?? [])
  const hasFallback = isMapping(wanted.spec) && wanted.spec['fallback'] !== undefined
  const health = hasFallback ? Object.fromEntries(metrics.map(({ key, name }) => [name, healthOf(memory?.failures[key]?.count ?? 0)])) : {}
  const activity = Object.fromEntries(metrics.map(({ key, name }) => [name, { isActive: scaling.activeTriggers?.includes(key) === true }]))
  return {
    scaleTargetKind: `${group}/${version}.${kind}`,
    scaleTargetGVKR: { group, version, kind, resource: watchedPlural(scaling.target) ?? `${kind.toLowerCase()}s` },
    originalReplicaCount: before.originalReplicaCount ?? (memory === undefined ? current.spec : originalOf(memory)),
    ...(memory?.lastActiveAt === undefined ? {} : { lastActiveTime: new Date(memory.lastActiveAt).toISOString().replace(/\.\d+Z$/, 'Z') }),
    externalMetricNames: metrics.map(({ name }) => name),
    ...mapField('health', health, before.health), ...mapField('triggersActivity', activity, before.triggersActivity),
    ...(pausedReplicas !== undefined ? { pausedReplicaCount: pausedReplicas } : typeof before.pausedReplicaCount === 'number' ? { pausedReplicaCount: null } : {}),
  }
}

const healthOf = (failures: number): { readonly numberOfFailures: number, readonly status: string } => ({ numberOfFailures: failures, status: failures === 0 ? 'Happy' : 'Failing' })

/** Each metric of each trigger. A source that cannot be read keeps the names that it had. */
function metricsOf ({ readings }: ScalingStatus, spec: unknown, known: readonly string[]): readonly { readonly key: string, readonly name: string }[] {
  const triggers = isMapping(spec) && Array.isArray(spec['triggers']) ? spec['triggers'].filter(isMapping) : []
  return triggers.flatMap(({ name }, index) => {
    const key = triggerKey({ name: typeof name === 'string' ? name : undefined }, index)
    const reading = readings.find(r => r.trigger === key)
    const names = reading?.kind === 'measured' ? reading.measurements.map(m => `s${index}-${m.name}`) : known.filter(each => each.startsWith(`s${index}-`))
    return [...new Set(names)].map(each => ({ key, name: each }))
  })
}

/** A map as a merge patch: entries that went are null. */
function mapField<K extends string> (field: K, now: Readonly<Record<string, unknown>>, before: Readonly<Record<string, unknown>> = {}): { readonly [F in K]?: Readonly<Record<string, unknown>> } {
  const gone = Object.keys(before).filter(key => before[key] !== null && !(key in now)).map(key => [key, null] as const)
  const all = { ...now, ...Object.fromEntries(gone) }
  return Object.keys(all).length === 0 ? {} : { [field]: all } as { readonly [F in K]?: Readonly<Record<string, unknown>> }
}
