import type { ScaledObject } from '../api/index.js'
import { scalingAnnotations } from '../api/annotations.js'
import { names } from '../core/names.js'
import type { Problem } from '../spec/index.js'
import type { Hpa } from './autoscalers.js'
import type { CustomResource } from './custom-resource.js'

/** Whose an object is: ours; KEDA's, and then we say and do nothing; or ours but held up by somebody else's autoscaler. */
export type Standing =
  | { readonly kind: 'ours' }
  | { readonly kind: 'foreign', readonly why: string }
  | { readonly kind: 'blocked', readonly problem: Problem }

export interface Neighbours {
  /** Autoscalers of the object's namespace. */
  readonly hpas: readonly Hpa[]
  /** A KEDA operator is at work in this cluster. */
  readonly kedaRuns: boolean
}

export const kedaFinalizer = `finalizer.${names.kedaGroup}`

/** The coexist rule: an object that KEDA ever touched is adopted by a claim alone, and no target is written beside another autoscaler. */
export function standingOf (resource: CustomResource, scaledObject: ScaledObject | undefined, { hpas, kedaRuns }: Neighbours): Standing {
  const { ref, annotations, finalizers } = resource
  const own = hpas.filter(hpa => isKedas(hpa, resource))
  if (ref.apiVersion === names.kedaApiVersion && !scalingAnnotations(annotations).claimed) {
    if (finalizers.includes(kedaFinalizer)) return { kind: 'foreign', why: `it carries ${kedaFinalizer}` }
    if (own[0] !== undefined) return { kind: 'foreign', why: `KEDA's HorizontalPodAutoscaler ${own[0].name} exists` }
    if (kedaRuns) return { kind: 'foreign', why: 'a keda-operator is at work in this cluster' }
  }
  const rival = own[0] ?? hpas.find(hpa => scaledObject !== undefined && hpa.target.kind === scaledObject.spec.scaleTargetRef.kind && hpa.target.name === scaledObject.spec.scaleTargetRef.name)
  return rival === undefined ? { kind: 'ours' } : { kind: 'blocked', problem: rivalProblem(rival, own.length > 0, resource) }
}

const isKedas = (hpa: Hpa, { ref, uid }: CustomResource): boolean =>
  ref.kind === 'ScaledObject' && (hpa.name === `keda-hpa-${ref.name}` || hpa.owners.some(owner => owner.uid === uid))

const rivalProblem = (hpa: Hpa, isKedas: boolean, { wanted }: CustomResource): Problem => ({
  code: 'TG_TARGET_CONFLICT', severity: 'error', path: ['spec', 'scaleTargetRef'],
  message: `HorizontalPodAutoscaler ${hpa.namespace}/${hpa.name} scales ${hpa.target.kind} ${hpa.target.name} too; nothing is written while it exists`,
  hint: isKedas ? `pause KEDA on ${wanted.metadata.name ?? ''} (autoscaling.${names.kedaGroup}/paused: "true"): it removes its autoscaler then` : 'delete it, or this object',
})
