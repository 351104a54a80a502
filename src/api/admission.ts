import { names } from '../core/names.js'
import type { Path, Problem } from '../spec/index.js'
import { isMapping } from '../spec/read.js'

/** What is scaled, as it was written. */
export interface WrittenTarget { readonly apiVersion?: string | undefined, readonly kind?: string | undefined, readonly name?: string | undefined }

/** Of an autoscaler in the object's namespace, what the rules ask for. */
export interface NeighbourHpa { readonly name: string, readonly target: WrittenTarget, readonly owners: readonly { readonly kind: string, readonly name: string }[] }

/** What stands beside a ScaledObject in its namespace, the object itself left out or not. */
export interface AdmissionNeighbours {
  /** As they were written. */
  readonly scaledObjects: readonly unknown[]
  readonly hpas: readonly NeighbourHpa[]
}

/** KEDA's, on a ScaledObject: whether another autoscaler of its target is looked for. */
const hpaOwnership = `validations.${names.kedaGroup}/hpa-ownership`
/** KEDA's: an autoscaler that the object names is taken over. */
const transferHpa = `scaledobject.${names.kedaGroup}/transfer-hpa-ownership`

interface Written { readonly namespace: string, readonly name: string, readonly createdAt: number, readonly annotations: Readonly<Record<string, unknown>>, readonly target: Required<WrittenTarget>, readonly hpaName: string }

/**
 * Why a ScaledObject may not come to stand beside these (KEDA's webhook, keda.md f.4): somebody scales its target already. What can be said of the
 * object alone is not repeated here. Takes documents as they were written; of any other kind there is nothing to say.
 */
export function admissionProblems (raw: unknown, { scaledObjects, hpas }: AdmissionNeighbours): readonly Problem[] {
  const object = readWritten(raw)
  if (object === undefined) return []
  const others = scaledObjects.flatMap(other => readWritten(other) ?? []).filter(other => !isSame(object, other) && !isElder(object, other))
  const rivals = object.annotations[hpaOwnership] === 'false' ? [] : hpas.filter(hpa => isOneTarget(withDefaults(hpa.target), object.target) && !isOwnedBy(hpa, object))
  return [...hpaProblems(object, rivals), ...others.flatMap(other => scaledObjectProblems(object, other))]
}

function hpaProblems ({ target, annotations, hpaName }: Written, rivals: readonly NeighbourHpa[]): Problem[] {
  const isTransfer = annotations[transferHpa] === 'true'
  return rivals.filter(hpa => !isTransfer || hpa.name !== hpaName).map(({ name }) => isTransfer
    ? conflict(['spec', 'advanced', 'horizontalPodAutoscalerConfig', 'name'],
      `the existing hpa '${name}' for workload '${target.name}' of type '${typeOf(target)}' must be specified by name in advanced settings to enable ownership transfer`, `name: ${name}`)
    : conflict(['spec', 'scaleTargetRef', 'name'],
      `the workload '${target.name}' of type '${typeOf(target)}' is already managed by the hpa '${name}'`,
      `delete it, or let it be taken over: ${transferHpa}: "true" and spec.advanced.horizontalPodAutoscalerConfig.name: ${name}`))
}

function scaledObjectProblems (object: Written, other: Written): Problem[] {
  if (isOneTarget(object.target, other.target)) {
    return [conflict(['spec', 'scaleTargetRef', 'name'],
      `the workload '${object.target.name}' of type '${typeOf(object.target)}' is already managed by the ScaledObject '${other.name}'`, 'put all triggers of a target into one ScaledObject')]
  }
  // There is no autoscaler of ours; one that is to be taken over can go to one object only, and the files stay fit for KEDA.
  return object.hpaName !== other.hpaName ? [] : [conflict(['spec', 'advanced', 'horizontalPodAutoscalerConfig', 'name'],
    `the HPA '${object.hpaName}' is already managed by the ScaledObject '${other.name}'`, 'give each ScaledObject a name of its own for it')]
}

/** One name in both groups is no conflict: ours counts then. */
const isSame = (a: Written, b: Written): boolean => a.name === b.name && a.namespace === b.namespace

/** Known to have been there first: whoever came later is the one to be refused. */
const isElder = (object: Written, other: Written): boolean => object.createdAt < other.createdAt

const isOwnedBy = ({ owners }: NeighbourHpa, { name }: Written): boolean => owners.some(owner => owner.kind === 'ScaledObject' && owner.name === name)

/** The version of a group does not make another workload. */
const isOneTarget = (a: Required<WrittenTarget>, b: Required<WrittenTarget>): boolean => a.name === b.name && a.kind === b.kind && groupOf(a) === groupOf(b)
const groupOf = ({ apiVersion = '' }: WrittenTarget): string => apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
const typeOf = ({ apiVersion, kind }: WrittenTarget): string => `${apiVersion ?? ''}.${kind ?? ''}`

const withDefaults = ({ apiVersion, kind, name }: WrittenTarget): Required<WrittenTarget> =>
  ({ apiVersion: filled(apiVersion) ?? 'apps/v1', kind: filled(kind) ?? 'Deployment', name: name ?? '' })

function readWritten (raw: unknown): Written | undefined {
  if (!isMapping(raw) || raw['kind'] !== 'ScaledObject') return undefined
  const [metadata, spec] = [mapping(raw['metadata']), mapping(raw['spec'])]
  const target = mapping(spec['scaleTargetRef'])
  const name = filled(metadata['name']) ?? ''
  const hpaName = filled(mapping(mapping(spec['advanced'])['horizontalPodAutoscalerConfig'])['name'])
  return {
    namespace: filled(metadata['namespace']) ?? '', name, annotations: mapping(metadata['annotations']),
    createdAt: Date.parse(filled(metadata['creationTimestamp']) ?? '') || Infinity,
    target: withDefaults({ apiVersion: filled(target['apiVersion']), kind: filled(target['kind']), name: filled(target['name']) }),
    hpaName: hpaName ?? `keda-hpa-${name}`,
  }
}

const mapping = (value: unknown): Readonly<Record<string, unknown>> => isMapping(value) ? value : {}
const filled = (value: unknown): string | undefined => typeof value === 'string' && value !== '' ? value : undefined

const conflict = (path: Path, message: string, hint: string): Problem => ({ code: 'TG_TARGET_CONFLICT', severity: 'error', path, message, hint })
