import { names } from '../core/names.js'
import { integer, list, object, oneOf, string, type ValuesOf } from '../spec/index.js'
import { scalingAnnotationProblems } from './annotations.js'
import type { Kind, KindDeclaration } from './kind.js'
import { nameRule } from './name-rule.js'
import { jobTriggersField, triggerRules } from './scale-trigger.js'

const strategies = ['gradual', 'immediate'] as const

const rolloutField = object({
  strategy: oneOf(strategies, { summary: 'What happens to jobs of an earlier spec.', default: 'immediate' }),
  propagationPolicy: oneOf(['foreground', 'background'], { summary: 'How they are deleted.', default: 'background' }),
}, { summary: 'How a new spec takes the place of the old one.', optional: true })

const scalingStrategyField = object({
  strategy: oneOf(['default', 'custom', 'accurate', 'eager'], { summary: 'How running and pending jobs are counted.', default: 'default' }),
  customScalingQueueLengthDeduction: integer({ summary: 'Taken off the backlog by `custom`.', default: 0 }),
  customScalingRunningJobPercentage: string({ summary: 'Share of running jobs taken off by `custom`, a number as text.', optional: true }),
  pendingPodConditions: list(string({ summary: 'Condition type.' }), { summary: 'Pod conditions that end "pending".', default: [] }),
  multipleScalersCalculation: oneOf(['max', 'min', 'avg', 'sum'], { summary: 'How several triggers are combined.', default: 'max' }),
}, { summary: 'How the number of jobs is found.', default: {} })

const fields = {
  jobTargetRef: object({}, { summary: 'A batch/v1 JobSpec.', open: true }),
  pollingInterval: integer({ summary: 'Seconds between two looks.', default: 30, min: 1 }),
  successfulJobsHistoryLimit: integer({ summary: 'Completed jobs to keep.', default: 100, min: 0 }),
  failedJobsHistoryLimit: integer({ summary: 'Failed jobs to keep.', default: 100, min: 0 }),
  rolloutStrategy: oneOf(strategies, { summary: 'Old form of rollout.strategy.', optional: true, deprecated: 'use rollout.strategy' }),
  rollout: rolloutField,
  envSourceContainerName: string({ summary: 'Container whose environment is read; the first unless given.', optional: true }),
  minReplicaCount: integer({ summary: 'Fewest jobs.', default: 0, min: 0 }),
  maxReplicaCount: integer({ summary: 'Most jobs.', optional: true, min: 1 }),
  scalingStrategy: scalingStrategyField,
  triggers: jobTriggersField,
}
type Written = ValuesOf<typeof fields>

const specField = object(fields, { summary: 'Which job to start, how often, and by what.', checks: [triggerRules] })

/** `maxReplicaCount` stays undefined where it is not written: KEDA then takes 100 and subtracts no minimum. */
export type ScaledJobSpec = Omit<Written, 'pollingInterval'> & { readonly pollingIntervalMs: number }
export type ScaledJob = Kind<'ScaledJob', ScaledJobSpec>

export const scaledJobKind: KindDeclaration<'ScaledJob', Written, ScaledJobSpec> = {
  kind: 'ScaledJob', plural: 'scaledjobs', shortNames: ['sj'], apiVersions: [names.kedaApiVersion, names.apiVersion], scope: 'Namespaced',
  summary: 'Starts jobs by what event sources hold.',
  spec: specField,
  toSpec: ({ pollingInterval, ...rest }) => ({ ...rest, pollingIntervalMs: pollingInterval * 1000 }),
  rules: ({ metadata }) => [...nameRule('ScaledJob', metadata.name), ...scalingAnnotationProblems(metadata.annotations)],
}
