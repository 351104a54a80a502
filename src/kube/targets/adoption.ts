import { scalingAnnotations } from '../../api/annotations.js'
import type { EpochMs } from '../../core/clock.js'
import { names } from '../../core/names.js'
import { isMapping } from '../../spec/read.js'
import type { Hpa } from './autoscalers.js'
import type { CustomResource } from '../objects/custom-resource.js'

/** What to do beside a KEDA: leave its objects to it, or take all of them over because it is uninstalled. */
export type KedaMode = 'coexist' | 'replace'

/** Whose an object is: ours; or KEDA's, and then we write nothing about it. `forMs`: until it can be told. */
export type Standing = { readonly kind: 'ours' } | { readonly kind: 'foreign', readonly why: string, readonly forMs?: number }

export interface Neighbours {
  readonly mode: KedaMode
  /** Autoscalers of the object's namespace. */
  readonly hpas: readonly Hpa[]
  /** A KEDA operator is at work in this cluster; undefined where we may not know. */
  readonly kedaRuns: boolean | undefined
  readonly now: EpochMs
}

const ours: Standing = { kind: 'ours' }
const foreign = (why: string, more: { readonly forMs?: number } = {}): Standing => ({ kind: 'foreign', why, ...more })

/** An object that KEDA ever touched is adopted by a claim alone; where KEDA is to be replaced, by its having stopped. */
export function standingOf (resource: CustomResource, { mode, hpas, kedaRuns, now }: Neighbours): Standing {
  const { ref, annotations, finalizers } = resource
  if (ref.apiVersion !== names.kedaApiVersion || scalingAnnotations(annotations).claimed) return ours
  if (kedaRuns) return foreign('a keda-operator is at work in this cluster')
  if (mode === 'replace') return kedaRuns === undefined ? foreign('whether a KEDA is at work cannot be seen') : ours
  if (finalizers.includes(names.kedaFinalizer)) return foreign(`it carries ${names.kedaFinalizer}`)
  const own = hpas.find(hpa => isKedas(hpa, resource))
  if (own !== undefined) return foreign(`KEDA's HorizontalPodAutoscaler ${own.name} exists`)
  const forMs = kedaRuns === undefined ? graceMs - ageOf(resource, now) : 0
  return forMs > 0 ? foreign('whether a KEDA is at work cannot be seen: it is given time to put its finalizer on', { forMs }) : ours
}

/** A KEDA at work puts its finalizer on a new object within a second or two. */
const graceMs = 10_000

function ageOf ({ wanted: { metadata: { creationTimestamp } } }: CustomResource, now: EpochMs): number {
  return creationTimestamp === undefined ? 0 : Math.max(0, now - Date.parse(creationTimestamp))
}

/** Whether KEDA made this autoscaler for this object. */
export const isKedas = (hpa: Hpa, { ref, uid }: CustomResource): boolean =>
  ref.kind === 'ScaledObject' && (hpa.name === `keda-hpa-${ref.name}` || hpa.owners.some(owner => owner.uid === uid))

/** Whether the object asks to take this autoscaler's place, in KEDA's words: the annotation, and its name in `advanced`. */
export const isTransferred = (hpa: Hpa, resource: CustomResource): boolean => asksForTransfer(resource) && hpa.name === hpaNameIn(resource)

export const asksForTransfer = ({ annotations }: CustomResource): boolean => annotations[`scaledobject.${names.kedaGroup}/transfer-hpa-ownership`] === 'true'

/** `advanced.horizontalPodAutoscalerConfig`, as it is written. */
export function hpaConfigIn ({ wanted }: CustomResource): Readonly<Record<string, unknown>> {
  const advanced = isMapping(wanted.spec) ? wanted.spec['advanced'] : undefined
  const config = isMapping(advanced) ? advanced['horizontalPodAutoscalerConfig'] : undefined
  return isMapping(config) ? config : {}
}

const hpaNameIn = (resource: CustomResource): unknown => hpaConfigIn(resource)['name']
