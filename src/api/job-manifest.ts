import { names } from '../core/names.js'
import { isMapping } from '../spec/read.js'
import type { Metadata } from './metadata.js'
import { generationOf } from './jobs-policy.js'
import type { ScaledJob } from './scaled-job.js'

/** Label of a ScaledJob's Jobs and their pods: how they are found. */
export const jobsOfLabel = `scaledjob.${names.kedaGroup}/name`
/** Annotation of a Job: the generation of the spec that it was made from. */
export const jobGeneration = `scaledjob.${names.kedaGroup}/generation`
const excludedLabels = `scaledjob.${names.kedaGroup}/job-excluded-labels`

/** A batch/v1 Job as it is created. */
export interface JobManifest {
  readonly apiVersion: 'batch/v1'
  readonly kind: 'Job'
  readonly metadata: {
    readonly name: string
    readonly namespace: string
    readonly labels: Texts
    readonly annotations: Texts
    readonly ownerReferences: readonly { readonly apiVersion: string, readonly kind: string, readonly name: string, readonly uid: string, readonly controller: boolean }[]
  }
  readonly spec: Readonly<Record<string, unknown>>
}
type Texts = Readonly<Record<string, string>>

/** Who makes it, for its labels. */
export interface Maker { readonly managedBy: string, readonly version: string }

/** What of a ScaledJob its Jobs are made from. */
interface Source {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: Pick<Metadata, 'name' | 'namespace' | 'uid' | 'labels' | 'annotations'>
  readonly spec: { readonly jobTargetRef: Mapping }
}

/**
 * One Job of a ScaledJob: its jobTargetRef, with the labels and annotations by which it is found. The object's own labels (but those it excludes) and
 * annotations come with it and win, as KEDA has it. A pod that says no restart policy is started again where it failed.
 */
export function jobManifest ({ apiVersion, kind, metadata, spec }: Source, name: string, generation: string, maker: Maker): JobManifest {
  const { name: owner, namespace, uid, labels, annotations } = metadata
  const excluded = (annotations[excludedLabels] ?? '').split(',')
  return {
    apiVersion: 'batch/v1', kind: 'Job',
    metadata: {
      name, namespace,
      labels: {
        'app.kubernetes.io/name': owner, 'app.kubernetes.io/version': maker.version, 'app.kubernetes.io/part-of': owner, 'app.kubernetes.io/managed-by': maker.managedBy,
        [jobsOfLabel]: owner, ...Object.fromEntries(Object.entries(labels).filter(([key]) => !excluded.includes(key))),
      },
      annotations: { [jobGeneration]: generation, ...annotations },
      // Without blockOwnerDeletion, which would want a right to the owner's finalizers on some clusters.
      ownerReferences: uid === undefined ? [] : [{ apiVersion, kind, name: owner, uid, controller: true }],
    },
    spec: { ...spec.jobTargetRef, template: podTemplate(mappingAt(spec.jobTargetRef, 'template'), owner) },
  }
}

type Mapping = Readonly<Record<string, unknown>>

function podTemplate (template: Mapping, owner: string): Mapping {
  const metadata = mappingAt(template, 'metadata')
  const spec = mappingAt(template, 'spec')
  const { restartPolicy = '' } = spec
  return {
    ...template, metadata: { ...metadata, labels: { ...mappingAt(metadata, 'labels'), [jobsOfLabel]: owner } },
    spec: { ...spec, restartPolicy: restartPolicy === '' ? 'OnFailure' : restartPolicy },
  }
}

function mappingAt (value: unknown, key: string): Mapping {
  const found = isMapping(value) ? value[key] : undefined
  return isMapping(found) ? found : {}
}

/** The manifest of a ScaledJob as it is now. */
export const jobOf = (sj: ScaledJob, name: string, maker: Maker): JobManifest => jobManifest(sj, name, generationOf(sj), maker)
