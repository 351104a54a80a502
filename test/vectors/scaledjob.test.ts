import { expect } from 'vitest'
import { jobManifest } from '../../src/api/index.js'
import { minOf, roomOf } from '../../src/core/scaling/jobs/bounds.js'
import { beyondHistory } from '../../src/core/scaling/jobs/cleanup.js'
import { decideJobs } from '../../src/core/scaling/jobs/decide.js'
import { demandOf, jobsFor, meanTarget } from '../../src/core/scaling/jobs/demand.js'
import { finishedTypeOf, isPending } from '../../src/core/scaling/jobs/finished.js'
import { jobNames } from '../../src/core/scaling/jobs/names.js'
import { applyStrategy, mostToCreate, strategyFrom, type WrittenStrategy } from '../../src/core/scaling/jobs/strategy.js'
import type { Combination, FinishedType, JobPod, StatusCondition } from '../../src/core/scaling/jobs/types.js'
import { testVectors } from './support.js'

type Texts = Readonly<Record<string, string>>
interface Counts { minReplicaCount?: number | null, maxReplicaCount?: number | null }
interface Running { scalingStrategy: WrittenStrategy, maxScale: number, runningJobCount: number, pendingJobCount: number, scaleTo: number }
interface Metric { queueLength: number, targetAverage: number, active: boolean, error?: boolean }
type Given =
  | { kind: 'strategy' } & Running & { maxReplicaCount: number }
  | { kind: 'strategy_selection', scalingStrategy: WrittenStrategy }
  | { kind: 'decision' } & Running & Counts
  | { kind: 'replica_counts' } & Counts
  | { kind: 'target_average', targets: number[] }
  | { kind: 'state', triggers: Metric[], multipleScalersCalculation?: Combination } & Counts
  | { kind: 'cleanup', successfulJobsHistoryLimit: number, failedJobsHistoryLimit: number, jobs: { name: string, completionTime: string, condition: FinishedType }[] }
  | { kind: 'pending', pendingPodConditions: string[], pods: { phase?: string, trueConditions?: string[] }[] }
  | { kind: 'job_finished' | 'finished_type', conditions: StatusCondition[] }
  | { kind: 'created_jobs', scaledJob: { name: string, namespace: string, generation?: number, labels?: Texts, annotations?: Texts, jobTargetRef?: Texts }, scaleTo?: number, effectiveMaxScale?: number, count?: number, operatorVersion?: string }
interface Expect {
  effectiveMaxScale?: number, scaleTo?: number, selected?: string, minReplicaCount?: number, maxReplicaCount?: number, targetAverageValue?: number
  active?: boolean, error?: boolean, queueLength?: number, maxValue?: number, deleted?: string[], pendingJobCount?: number, finished?: boolean, type?: string
  created?: number, generateName?: string, namespace?: string, labels?: Texts, annotations?: Texts, restartPolicy?: string
}

const countsOf = ({ minReplicaCount, maxReplicaCount }: Counts) => ({ minJobs: minReplicaCount ?? 0, maxJobs: maxReplicaCount ?? undefined })

testVectors<Given, Expect>('scaledjob', ({ given, expect: wanted }) => {
  switch (given.kind) {
    case 'strategy': {
      const { most, backlog } = applyStrategy(strategyFrom(given.scalingStrategy), { ...inputOf(given), room: given.maxReplicaCount })
      return expect({ effectiveMaxScale: most, ...(wanted.scaleTo === undefined ? {} : { scaleTo: backlog }) }).toEqual(wanted)
    }
    case 'strategy_selection': return expect(strategyFrom(given.scalingStrategy).kind).toBe(wanted.selected)
    case 'decision': {
      const { most, backlog } = mostToCreate(strategyFrom(given.scalingStrategy), minOf(countsOf(given)), { ...inputOf(given), room: roomOf(countsOf(given)) })
      return expect({ effectiveMaxScale: most, scaleTo: backlog }).toEqual(wanted)
    }
    case 'replica_counts': return expect({ minReplicaCount: minOf(countsOf(given)), maxReplicaCount: roomOf(countsOf(given)) }).toEqual(wanted)
    case 'target_average': return expect(meanTarget(given.targets)).toBeCloseTo(wanted.targetAverageValue ?? NaN)
    case 'state': return expect(stateOf(given)).toEqual(wanted)
    case 'cleanup': {
      const jobs = given.jobs.map(({ name, completionTime, condition }) => ({ name, finished: condition, finishedAt: Date.parse(completionTime) }))
      const deleted = beyondHistory(jobs, { successful: given.successfulJobsHistoryLimit, failed: given.failedJobsHistoryLimit })
      return expect(deleted.map(job => job.name).sort()).toEqual([...wanted.deleted ?? []].sort())
    }
    case 'pending': {
      const pods = given.pods.map(({ phase = '', trueConditions = [] }): JobPod => ({ phase, trueConditions }))
      return expect(isPending(pods, given.pendingPodConditions) ? 1 : 0).toBe(wanted.pendingJobCount)
    }
    case 'job_finished': return expect(finishedTypeOf(given.conditions) !== undefined).toBe(wanted.finished)
    case 'finished_type': return expect(finishedTypeOf(given.conditions) ?? '').toBe(wanted.type)
    case 'created_jobs': return expectJobs(given, wanted)
  }
})

const inputOf = ({ maxScale, scaleTo, runningJobCount, pendingJobCount }: Running) =>
  ({ jobs: maxScale, backlog: scaleTo, running: runningJobCount, pending: pendingJobCount })

/** Triggers that failed ask for nothing; the whole decision says which they are. */
function stateOf (given: Extract<Given, { kind: 'state' }>): Expect {
  const bounds = { min: minOf(countsOf(given)), room: roomOf(countsOf(given)) }
  const combine = given.multipleScalersCalculation ?? 'max'
  const working = given.triggers.filter(trigger => trigger.error !== true)
  const wishes = working.map(({ queueLength, targetAverage, active }) => ({ backlog: queueLength, jobs: jobsFor(queueLength, targetAverage, bounds.room), active }))
  const { active, backlog, jobs } = demandOf(wishes, combine, bounds)
  const decision = decideJobs({
    now: 0, jobs: { running: 0, pending: 0 },
    policy: { ...countsOf(given), strategy: { kind: 'default' }, combine, triggers: given.triggers.map((_, i) => String(i)), paused: false },
    readings: given.triggers.map(({ error }, i) => error === true
      ? { kind: 'failed', trigger: String(i), at: 0, code: 'TG_SOURCE_UNREACHABLE', message: 'no answer' }
      : { kind: 'measured', trigger: String(i), at: 0, measurements: [] }),
  })
  return { active, error: decision.failedTriggers.length > 0, queueLength: backlog, maxValue: jobs }
}

/** KEDA lets the server make up the rest of a name; ours follows from the decision and begins the same. */
function expectJobs ({ scaledJob, scaleTo = 0, effectiveMaxScale = 0, count, operatorVersion = '' }: Extract<Given, { kind: 'created_jobs' }>, wanted: Expect): void {
  const { name, namespace, generation = 0, labels = {}, annotations = {}, jobTargetRef = {} } = scaledJob
  const owner = { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledJob', metadata: { name, namespace, uid: 'uid', labels, annotations }, spec: { jobTargetRef } }
  const create = count ?? Math.min(scaleTo, effectiveMaxScale)
  const jobs = jobNames({ name, uid: 'uid' }, { sequence: 1, create }).map(of => jobManifest(owner, of, String(generation), { managedBy: 'keda-operator', version: operatorVersion }))
  expect(new Set(jobs.map(job => job.metadata.name)).size).toBe(wanted.created)
  for (const { metadata, spec } of jobs) {
    if (wanted.generateName !== undefined) expect(metadata.name.startsWith(wanted.generateName)).toBe(true)
    if (wanted.namespace !== undefined) expect(metadata.namespace).toBe(wanted.namespace)
    if (wanted.labels !== undefined) expect(metadata.labels).toEqual(wanted.labels)
    if (wanted.annotations !== undefined) expect(metadata.annotations).toEqual(wanted.annotations)
    if (wanted.restartPolicy !== undefined) expect(spec['template']).toMatchObject({ spec: { restartPolicy: wanted.restartPolicy } })
  }
}
