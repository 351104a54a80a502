import type { JsonSchema } from '../spec/index.js'

const text: JsonSchema = { type: 'string' }
const count: JsonSchema = { type: 'integer', format: 'int32' }
const total: JsonSchema = { type: 'integer', format: 'int64' }
const moment: JsonSchema = { type: 'string', format: 'date-time' }
const each = (item: JsonSchema): JsonSchema => ({ type: 'array', items: item })
const keyed = (item: JsonSchema): JsonSchema => ({ type: 'object', additionalProperties: item })
const object = (properties: Readonly<Record<string, JsonSchema>>, required: readonly string[] = []): JsonSchema =>
  ({ type: 'object', properties, ...(required.length === 0 ? {} : { required }) })

/** KEDA's conditions have no times and no generations (keda.md a.4). */
const kedaCondition = object({ type: text, status: text, reason: text, message: text }, ['type', 'status'])

const condition = object({
  type: text, status: { type: 'string', enum: ['True', 'False', 'Unknown'] }, reason: text, message: text,
  lastTransitionTime: moment, observedGeneration: { type: 'integer', format: 'int64' },
}, ['type', 'status'])
const conditions: JsonSchema = { ...each(condition), 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] }

/** What KEDA keeps in the status of a ScaledObject or ScaledJob. */
const kedaScaling = {
  scaleTargetKind: text,
  scaleTargetGVKR: object({ group: text, version: text, kind: text, resource: text }, ['group', 'version', 'kind', 'resource']),
  originalReplicaCount: count, pausedReplicaCount: count, lastActiveTime: moment, hpaName: text, compositeScalerName: text, Paused: text,
  externalMetricNames: each(text), resourceMetricNames: each(text), triggersTypes: text, authenticationsTypes: text,
  health: keyed(object({ numberOfFailures: count, status: text })), triggersActivity: keyed(object({ isActive: { type: 'boolean' } })),
}
const users = { scaledobjects: text, scaledjobs: text }

const ours = { observedGeneration: { type: 'integer', format: 'int64' }, conditions }

/** What may stand in `status`; an API server prunes the rest. */
export function statusSchema (kind: string, isKedas: boolean): JsonSchema {
  if (kind.endsWith('TriggerAuthentication')) return object(users)
  if (kind === 'Trigger') return object({ source: text, function: text, deadLettered: total, held: total, lastFailure: object({ time: moment, eventId: text, message: text }), ...ours })
  return object(isKedas ? { ...kedaScaling, conditions: each(kedaCondition) } : { ...kedaScaling, ...ours })
}
