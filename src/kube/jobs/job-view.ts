import { jobGeneration, jobsOfLabel } from '../../api/index.js'
import { finishedTypeOf } from '../../core/scaling/jobs/finished.js'
import type { JobPod, JobView, StatusCondition } from '../../core/scaling/jobs/types.js'
import type { Wire } from '../api/wire.js'

type WireJob = Wire<{ readonly status?: { readonly completionTime?: string, readonly conditions?: readonly (StatusCondition & { readonly lastTransitionTime?: string })[] } }>
type WirePod = Wire<{ readonly status?: { readonly phase?: string, readonly conditions?: readonly StatusCondition[] } }>

/** What is kept of a Job of a ScaledJob. */
export interface KubeJob extends Omit<JobView, 'pods' | 'isOwned'> {
  readonly namespace: string
  /** Name of the ScaledJob, by the label. */
  readonly owner: string
  /** Uids of its owners. */
  readonly owners: readonly string[]
}

/** What is kept of a pod of such a Job. */
export interface KubeJobPod extends JobPod {
  readonly namespace: string
  readonly name: string
  readonly owner: string
  readonly job: string
}

export function trimJob (raw: Wire): KubeJob {
  const { metadata, status } = raw as WireJob
  const { name = '', namespace = '', labels = {}, annotations = {}, ownerReferences = [], creationTimestamp, deletionTimestamp } = metadata
  const conditions = status?.conditions ?? []
  const finished = finishedTypeOf(conditions)
  // A Job that failed has no completion time: the instant at which it did is that of its condition.
  const finishedAt = status?.completionTime ?? conditions.find(({ type }) => type === finished)?.lastTransitionTime
  return {
    namespace, name, owner: labels[jobsOfLabel] ?? '', owners: ownerReferences.map(({ uid }) => uid),
    createdAt: Date.parse(creationTimestamp ?? ''), generation: annotations[jobGeneration], isEnding: deletionTimestamp !== undefined,
    finished, finishedAt: finished === undefined || finishedAt === undefined ? undefined : Date.parse(finishedAt),
  }
}

export function trimJobPod (raw: Wire): KubeJobPod {
  const { metadata: { name = '', namespace = '', labels = {} }, status } = raw as WirePod
  return {
    namespace, name, owner: labels[jobsOfLabel] ?? '', job: labels['batch.kubernetes.io/job-name'] ?? labels['job-name'] ?? '',
    phase: status?.phase ?? 'Pending', trueConditions: (status?.conditions ?? []).filter(condition => condition.status === 'True').map(({ type }) => type),
  }
}

/** A Job as its ScaledJob, of this uid, sees it. */
export function jobViewOf ({ name, createdAt, generation, finished, finishedAt, isEnding, owners }: KubeJob, uid: string, pods: readonly JobPod[]): JobView {
  return { name, createdAt, generation, finished, finishedAt, isEnding, isOwned: owners.includes(uid), pods }
}
