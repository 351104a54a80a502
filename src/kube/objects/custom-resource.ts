import { createHash } from 'node:crypto'
import { kinds } from '../../api/index.js'
import { annotation } from '../../core/names.js'
import { isMapping } from '../../spec/read.js'
import { refKey, type ObjectRef } from '../../runtime/ports.js'
import type { ObjectMeta, Wire } from '../api/wire.js'

/** A condition as it stands in a status. */
export interface WireCondition {
  readonly type: string
  readonly status: string
  readonly reason?: string
  readonly message?: string
  readonly lastTransitionTime?: string
  readonly observedGeneration?: number
}
export interface WireResourceStatus {
  readonly conditions?: readonly WireCondition[]
  readonly originalReplicaCount?: number
  readonly observedGeneration?: number
  readonly externalMetricNames?: readonly string[]
  readonly health?: Readonly<Record<string, unknown>>
  readonly triggersActivity?: Readonly<Record<string, unknown>>
  readonly pausedReplicaCount?: number | null
  readonly lastActiveTime?: string
  /** Of an authentication: who uses it. */
  readonly scaledobjects?: string
  readonly scaledjobs?: string
  /** Of a Trigger: the type of its connector, and what it calls. */
  readonly source?: string
  readonly function?: string
  readonly deadLettered?: number
  readonly held?: number
  readonly lastFailure?: { readonly time: string, readonly eventId: string, readonly message: string }
}

/** What we write into the annotations of our own objects. */
export const memoryAnnotation = annotation('memory')
export const stateAnnotation = annotation('state')
/** Written by us or by tools, and no wish of the user's. */
const notWishes = new Set([memoryAnnotation, stateAnnotation, 'kubectl.kubernetes.io/last-applied-configuration'])

/** One object of our kinds, as it is kept: what the user wants of it, and what we need of what we wrote. */
export interface CustomResource {
  readonly ref: ObjectRef
  readonly plural: string
  readonly uid: string
  readonly version: string
  readonly generation: number
  /** The object without what others and we write into it; what the kinds of `api` read. */
  readonly wanted: Wire<{ readonly spec?: unknown }>
  /** Changes when `wanted` does. */
  readonly fingerprint: string
  readonly annotations: Readonly<Record<string, string>>
  readonly finalizers: readonly string[]
  readonly memory: string | undefined
  readonly state: string | undefined
  readonly status: WireResourceStatus
  readonly isEnding: boolean
}

type WireResource = Wire<{ readonly spec?: unknown, readonly status?: WireResourceStatus }>

export const trimResource = (apiVersion: string, kind: string, plural: string) => (raw: Wire): CustomResource => {
  const { metadata, spec, status } = raw as WireResource
  const { name = '', namespace = '', uid = '', resourceVersion = '', generation = 0, creationTimestamp, labels, annotations = {}, finalizers = [], deletionTimestamp } = metadata
  const wishes = Object.fromEntries(Object.entries(annotations).filter(([key]) => !notWishes.has(key)))
  const kept: ObjectMeta = {
    name, uid, generation, ...(namespace === '' ? {} : { namespace }), ...(creationTimestamp === undefined ? {} : { creationTimestamp }), ...(labels === undefined ? {} : { labels }), annotations: wishes,
  }
  return {
    ref: { apiVersion, kind, namespace, name }, plural, uid, version: resourceVersion, generation,
    wanted: { apiVersion, kind, metadata: kept, spec },
    fingerprint: createHash('sha1').update(JSON.stringify([kept, spec])).digest('base64'),
    annotations: wishes, finalizers, memory: annotations[memoryAnnotation], state: annotations[stateAnnotation],
    status: keptStatus(status),
    isEnding: deletionTimestamp !== undefined,
  }
}

const statusFields = [
  'conditions', 'originalReplicaCount', 'observedGeneration', 'source', 'function', 'externalMetricNames', 'health', 'triggersActivity', 'pausedReplicaCount', 'lastActiveTime',
  'scaledobjects', 'scaledjobs', 'deadLettered', 'held', 'lastFailure',
] as const

const keptStatus = (status: WireResourceStatus = {}): WireResourceStatus =>
  Object.fromEntries(statusFields.flatMap(field => status[field] === undefined ? [] : [[field, status[field]]]))

/** Group and kind: the same name may stand in KEDA's group and in ours. */
export const resourceKey = (ref: ObjectRef): string => `${ref.apiVersion} ${refKey(ref)}`

/** Every kind of ours in every group that has it. */
export const servedKinds = kinds.flatMap(({ kind, plural, scope, apiVersions }) => apiVersions.map(apiVersion => ({ apiVersion, kind, plural, scope })))

/** What a ScaledObject scales, as far as it can be read. */
export function scaleTargetOf ({ ref, wanted }: CustomResource): ObjectRef | undefined {
  const target = ref.kind === 'ScaledObject' && isMapping(wanted.spec) ? wanted.spec['scaleTargetRef'] : undefined
  if (!isMapping(target) || typeof target['name'] !== 'string') return undefined
  const textOr = (value: unknown, usual: string): string => typeof value === 'string' && value !== '' ? value : usual
  return { apiVersion: textOr(target['apiVersion'], 'apps/v1'), kind: textOr(target['kind'], 'Deployment'), namespace: ref.namespace, name: target['name'] }
}
