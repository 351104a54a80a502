import { notRunnable } from '../../api/index.js'
import { errorMessage } from '../../core/errors.js'
import { checkResource } from '../../registry/check.js'
import type { Registry } from '../../registry/registry.js'
import { claimTargets } from '../../runtime/scaling/targets.js'
import { refKey, type ObjectRef } from '../../runtime/ports.js'
import { formatProblem, isError } from '../../spec/problem.js'
import { fact, type Fact } from './facts.js'
import { targetIn, type Patient, type Seen } from './patient.js'

const objectFact = fact('objects')
const scaling = ['ScaledObject', 'ScaledJob', 'Trigger']

/** Of each object that scales or delivers, whose it is and what stands in its way. */
export async function objectFacts (patient: Patient, registry: Registry): Promise<readonly Fact[]> {
  const scalers = patient.objects.filter(({ ref }) => scaling.includes(ref.kind))
  if (scalers.length === 0) return [objectFact('note', 'there is no ScaledObject, ScaledJob or Trigger', 'see `tidegate kinds` for what one looks like')]
  return (await Promise.all(scalers.map(seen => factsOf(seen, patient, registry)))).flat()
}

async function factsOf ({ ref, standing, resource, problems }: Seen, patient: Patient, registry: Registry): Promise<readonly Fact[]> {
  const name = refKey(ref)
  if (standing.kind === 'foreign') return [objectFact('note', `${name} is KEDA's: ${standing.why}`, 'the annotation tidegate.dev/claim: "true" hands it over')]
  const wrong = [
    ...problems.filter(isError),
    ...resource === undefined ? [] : [...notRunnable(resource), ...checkResource(resource, resource.origin, {
      registry, defaults: patient.config.defaults(), unknownKedaKeys: 'warning', names: authenticationRef => authenticationRef === undefined ? { auth: [] } : {},
    })].filter(isError),
  ]
  if (wrong.length > 0) return wrong.map(problem => objectFact('problem', `${name} is not run: ${formatProblem(problem)}`))
  const why = resource === undefined ? undefined : olderThan(ref, patient) ?? rivalOf(resource, patient) ?? await missingTarget(resource, patient)
  return [why === undefined ? objectFact('ok', `${name} is ours`) : objectFact('problem', `${name} is not run: ${why}`)]
}

/** The ScaledObject that has the same target and is older. */
function olderThan (ref: ObjectRef, { objects }: Patient): string | undefined {
  const all = objects.flatMap(({ resource, standing }) => resource?.kind === 'ScaledObject' && standing.kind === 'ours' ? [{ object: resource, createdAt: Date.parse(resource.metadata.creationTimestamp ?? '') || 0 }] : [])
  const conflict = claimTargets(all, []).conflicts.find(({ loser }) => ref.kind === 'ScaledObject' && loser.metadata.namespace === ref.namespace && loser.metadata.name === ref.name)
  return conflict === undefined ? undefined : `${refKey(conflict.target)} is scaled by ScaledObject ${conflict.winner.metadata.name}, which is older`
}

/** Who else scales its target: an autoscaler, or KEDA. */
function rivalOf (resource: NonNullable<Seen['resource']>, { cluster }: Patient): string | undefined {
  const target = resource.kind === 'ScaledObject' || resource.kind === 'Trigger' ? targetIn(cluster, resource) : undefined
  return target === undefined ? undefined : cluster.ownership.rival(target, false)?.message
}

async function missingTarget (resource: NonNullable<Seen['resource']>, { cluster }: Patient): Promise<string | undefined> {
  if (resource.kind !== 'ScaledObject') return undefined
  const target = targetIn(cluster, resource)
  if (target === undefined) return undefined
  try {
    return await cluster.objects.containers(target) === undefined ? `TG_TARGET_NOT_FOUND ${refKey(target)} does not exist` : undefined
  } catch (error) {
    return `${refKey(target)} cannot be read: ${errorMessage(error)}`
  }
}
