import { any, boolean, list, map, object, oneOf, string, type ValueOf, type Violation } from '../spec/index.js'
import { names } from '../core/names.js'
import { isMapping } from '../spec/read.js'

/** Names the (Cluster)TriggerAuthentication that provides a trigger's credentials. */
export const authenticationRefField = object({
  name: string({ summary: 'Name of the TriggerAuthentication.', minLength: 1 }),
  kind: oneOf(['TriggerAuthentication', 'ClusterTriggerAuthentication'], { summary: 'Its kind.', default: 'TriggerAuthentication' }),
}, { summary: 'Where the credentials come from.', optional: true })

const commonFields = {
  type: string({ summary: 'Scaler that reads the source.', minLength: 1, example: 'azure-queue' }),
  name: string({ summary: 'Name of the trigger, unique in its object.', optional: true }),
  metadata: map(any({ summary: 'Value; KEDA takes text only.' }), { summary: 'Parameters of the scaler; see its reference page.' }),
  authenticationRef: authenticationRefField,
  useCachedMetrics: boolean({ summary: 'Between one and many replicas, look only every pollingInterval.', default: false }),
}

/** One entry of `spec.triggers` (keda.md a.1). */
export const scaleTriggerField = object({
  ...commonFields,
  metricType: oneOf(['AverageValue', 'Value', 'Utilization'], { summary: 'Whether one replica or all together are meant to hold the target value; Utilization is of the cpu and memory scalers.', default: 'AverageValue' }),
}, { summary: 'One scale trigger.' })

export type ScaleTrigger = ValueOf<typeof scaleTriggerField>
/** What the triggers of both kinds have. */
export type JobTrigger = Omit<ScaleTrigger, 'metricType'>
export type AuthenticationRef = NonNullable<ValueOf<typeof authenticationRefField>>

export const scaleTriggersField = list(scaleTriggerField, { summary: 'What the target is scaled by; the highest wish wins.', minItems: 1 })

/** Triggers of a ScaledJob: a backlog is always divided among jobs. */
export const jobTriggersField = list(object({
  ...commonFields,
  metricType: any({ summary: 'Not for jobs.', optional: true, removed: 'Cannot set metricType in ScaledJob triggers: remove it' }),
}, { summary: 'One scale trigger.' }), { summary: 'What jobs are started by.', minItems: 1 })

/** The name under which a trigger's readings, failures and metrics go: its own, else `s<index>`. */
export const triggerKey = (trigger: { readonly name?: string | undefined }, index: number): string =>
  trigger.name === undefined || trigger.name === '' ? `s${index}` : trigger.name

/** Scalers of KEDA whose number is not cached. */
const uncached = ['cpu', 'memory', 'cron']

/** Rules over the list of triggers (KEDA's ValidateTriggers). */
export function triggerRules ({ triggers }: { readonly triggers: readonly JobTrigger[] }): Violation[] {
  const seen = new Map<string, number>()
  return triggers.flatMap((trigger, i) => {
    const violations: Violation[] = []
    if (trigger.useCachedMetrics && uncached.includes(trigger.type)) {
      violations.push({ field: 'triggers', below: [i, 'useCachedMetrics'], message: `is not supported for the "${trigger.type}" scaler`, hint: 'remove it' })
    }
    const first = seen.get(trigger.name ?? '')
    if (trigger.name !== undefined && trigger.name !== '') {
      if (first === undefined) seen.set(trigger.name, i)
      else violations.push({ field: 'triggers', below: [i, 'name'], code: 'TG_CONFIG_DUPLICATE', message: `"${trigger.name}" is the name of triggers[${first}] too`, hint: 'give each trigger a name of its own' })
    }
    return [...violations, ...metricTypeRules(trigger, i), ...metadataRules(trigger, i)]
  })
}

const isUtilized = (type: string): boolean => type === 'cpu' || type === 'memory'

function metricTypeRules ({ type, metricType }: JobTrigger & { readonly metricType?: unknown }, i: number): Violation[] {
  if (metricType !== 'Utilization' || isUtilized(type)) return []
  return [{ field: 'triggers', below: [i, 'metricType'], code: 'TG_CONFIG_INVALID', message: 'Utilization is only for the cpu and memory scalers', hint: 'AverageValue or Value' }]
}

function metadataRules (trigger: JobTrigger, i: number): Violation[] {
  return Object.entries(trigger.metadata).filter(([, value]) => isMapping(value) || Array.isArray(value)).map(([key]) => ({
    field: 'triggers', below: [i, 'metadata', key], code: 'TG_CONFIG_INVALID' as const,
    message: 'must be text, not a list or a mapping', hint: `every value of ${names.kedaGroup} metadata is text: write lists as "a,b"`,
  }))
}
