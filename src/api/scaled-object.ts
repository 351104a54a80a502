import { names } from '../core/names.js'
import { boolean, integer, object, oneOf, string, type ValuesOf, type Violation } from '../spec/index.js'
import { scalingAnnotationProblems } from './annotations.js'
import { behaviorField } from './behavior.js'
import { irrelevantSettings } from './irrelevant-settings.js'
import type { Kind, KindDeclaration } from './kind.js'
import { nameRule } from './name-rule.js'
import { scaleTriggersField, triggerRules } from './scale-trigger.js'
import { modifierRules, modifierWarnings, scalingModifiersField } from './scaling-modifiers.js'

export const scaleTargetRefField = object({
  name: string({ summary: 'Name of the workload, in the same namespace.', minLength: 1 }),
  apiVersion: string({ summary: 'API group and version of the workload.', default: 'apps/v1' }),
  kind: string({ summary: 'Kind of the workload; anything with a scale subresource.', default: 'Deployment' }),
  envSourceContainerName: string({ summary: 'Container whose environment `…FromEnv` parameters are read from; the first unless given.', optional: true }),
}, { summary: 'The workload to scale.' })

const fallbackField = object({
  failureThreshold: integer({ summary: 'Fallback begins with the failed look after this many.', min: 0 }),
  replicas: integer({ summary: 'Replicas to hold.', min: 0 }),
  behavior: oneOf(['static', 'currentReplicas', 'currentReplicasIfHigher', 'currentReplicasIfLower', 'scalingModifiers'],
    { summary: 'How `replicas` and the present count are combined.', default: 'static' }),
}, { summary: 'What to do when a source cannot be read.', optional: true })

const advancedField = object({
  restoreToOriginalReplicaCount: boolean({ summary: 'When the object is deleted, set the count that the target had before.', default: false }),
  horizontalPodAutoscalerConfig: object({
    name: string({ summary: 'Name of KEDA\'s HPA. There is none here: it is read only to name the one whose place is taken (scaledobject.keda.sh/transfer-hpa-ownership).', optional: true }),
    behavior: behaviorField,
  }, { summary: 'Settings that KEDA hands to its HPA.', optional: true }),
  scalingModifiers: scalingModifiersField,
}, { summary: 'Rates, windows and formulas.', optional: true })

const fields = {
  scaleTargetRef: scaleTargetRefField,
  pollingInterval: integer({ summary: 'Seconds between two looks at the sources while the target is at zero.', default: 30, min: 1 }),
  cooldownPeriod: integer({ summary: 'Seconds from the last activity to zero (or idle).', default: 300, min: 0 }),
  initialCooldownPeriod: integer({ summary: 'Seconds from the creation of the object before the first scale to zero, while there was no activity.', default: 0, min: 0 }),
  idleReplicaCount: integer({ summary: 'Replicas while inactive, less than minReplicaCount.', optional: true, min: 0 }),
  minReplicaCount: integer({ summary: 'Fewest replicas.', default: 0, min: 0, saysByAbsence: true }),
  maxReplicaCount: integer({ summary: 'Most replicas.', default: 100, min: 1 }),
  fallback: fallbackField,
  advanced: advancedField,
  triggers: scaleTriggersField,
}
type Written = ValuesOf<typeof fields>

const specField = object(fields, {
  summary: 'What to scale, between which counts, and by what.', checks: [replicaBounds, triggerRules, fallbackRules, modifierRules],
})

type Seconds = 'pollingInterval' | 'cooldownPeriod' | 'initialCooldownPeriod'
export type ScaledObjectSpec = Omit<Written, Seconds> & { readonly [K in Seconds as `${K}Ms`]: number }
export type ScaledObject = Kind<'ScaledObject', ScaledObjectSpec>

export const scaledObjectKind: KindDeclaration<'ScaledObject', Written, ScaledObjectSpec> = {
  kind: 'ScaledObject', plural: 'scaledobjects', shortNames: ['so'], apiVersions: [names.kedaApiVersion, names.apiVersion], scope: 'Namespaced',
  summary: 'Scales one workload by what its event sources hold.',
  spec: specField,
  toSpec: ({ pollingInterval, cooldownPeriod, initialCooldownPeriod, ...rest }) => ({
    ...rest, pollingIntervalMs: pollingInterval * 1000, cooldownPeriodMs: cooldownPeriod * 1000, initialCooldownPeriodMs: initialCooldownPeriod * 1000,
  }),
  rules: ({ metadata, raw }) => [...nameRule('ScaledObject', metadata.name), ...scalingAnnotationProblems(metadata.annotations), ...irrelevantSettings(raw), ...modifierWarnings(raw, metadata.annotations)],
}

/** KEDA's bounds: idle is set against min as its HPA has it, so that a written 0 counts as 1 and no min at all as 0. */
function replicaBounds (spec: Pick<Written, 'idleReplicaCount' | 'minReplicaCount' | 'maxReplicaCount'>, given: (name: string) => boolean): Violation[] {
  const { idleReplicaCount: idle, minReplicaCount: min, maxReplicaCount: max } = spec
  const leastActive = given('minReplicaCount') ? Math.max(1, min) : 0
  return [
    ...(min > max ? [{ field: 'minReplicaCount', message: `MinReplicaCount=${min} must be less than MaxReplicaCount=${max}`, hint: 'raise maxReplicaCount or lower minReplicaCount' }] : []),
    ...(idle !== undefined && idle >= leastActive
      ? [{ field: 'idleReplicaCount', message: `IdleReplicaCount=${idle} must be less than MinReplicaCount=${leastActive}`, hint: 'set minReplicaCount to more than idleReplicaCount' }]
      : []),
  ]
}

function fallbackRules ({ fallback, triggers, advanced }: Pick<Written, 'fallback' | 'triggers' | 'advanced'>): Violation[] {
  if (fallback === undefined) return []
  const formula = advanced?.scalingModifiers?.formula ?? ''
  if (fallback.behavior === 'scalingModifiers' && formula === '') {
    return [{ field: 'fallback', below: ['behavior'], message: 'scalingModifiers fallback behavior requires scalingModifiers.formula to be defined' }]
  }
  if (formula !== '' || triggers.some(t => t.type !== 'cpu' && t.type !== 'memory')) return []
  return [{ field: 'fallback', message: 'at least one trigger that is not cpu or memory is needed for the fallback', hint: 'remove fallback' }]
}
