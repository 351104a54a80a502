import { allowsTriggersFrom, componentsOf, type AuthenticationRef, type ClusterTriggerAuthentication, type Resource, type Trigger, type TriggerAuthentication } from '../../api/index.js'
import { annotation } from '../../core/names.js'
import { claimTargets } from '../../runtime/scaling/targets.js'
import type { Path, Problem } from '../../spec/index.js'
import type { Neighbours } from './neighbours.js'
import { workloadProblems } from './workload-problems.js'

/** What is wrong between objects: names that lead nowhere, two that claim one target. What is not in the folder may be in the cluster: a warning. */
export function crossProblems (near: Neighbours): readonly Problem[] {
  return [...near.resources.flatMap(resource => [...missingTarget(resource, near), ...missingAuthentication(resource, near), ...missingKeys(resource, near)]), ...sharedTargets(near), ...near.deployments.flatMap(deployment => workloadProblems(deployment, near))]
}

const notFound = (resource: Resource, path: Path, severity: Problem['severity'], message: string, hint: string): Problem =>
  ({ code: 'TG_REF_NOT_FOUND', severity, path, message, hint, origin: resource.origin })

function missingTarget (resource: Resource, near: Neighbours): Problem[] {
  const { namespace } = resource.metadata
  if (resource.kind === 'ScaledObject') {
    const { kind, name } = resource.spec.scaleTargetRef
    if (kind !== 'Deployment' || near.deployment(namespace, name) !== undefined) return []
    return [notFound(resource, ['spec', 'scaleTargetRef', 'name'], 'warning', `Deployment "${name}" is not among these files`, 'fine if the cluster has it; `run` needs it here')]
  }
  return resource.kind === 'Trigger' ? missingFunction(resource, near) : []
}

function missingFunction (trigger: Trigger, near: Neighbours): Problem[] {
  const { name, kind, namespace = trigger.metadata.namespace } = trigger.spec.function
  if (name === undefined || kind === 'KnativeService') return []
  const found = kind === 'Deployment' ? near.deployment(namespace, name) : near.service(namespace, name) ?? (kind === 'Auto' ? near.deployment(namespace, name) : undefined)
  if (found === undefined) return [notFound(trigger, ['spec', 'function', 'name'], 'warning', `${kind === 'Deployment' ? kind : 'Service'} "${name}" is not among these files`, 'fine if the cluster has it; `run` needs it here')]
  const own = trigger.metadata.namespace
  if (namespace === own || allowsTriggersFrom(found.metadata.annotations, own)) return []
  return [{
    code: 'TG_REF_NOT_ALLOWED', severity: 'warning', path: ['spec', 'function', 'namespace'], origin: trigger.origin,
    message: `${found.kind} "${name}" takes no Triggers of namespace ${own}: a cluster refuses this`, hint: `annotate it with ${annotation('allow-triggers-from')}: ${own}`,
  }]
}

function missingAuthentication (resource: Resource, near: Neighbours): Problem[] {
  return componentsOf(resource).filter(c => c.role !== 'deadLetter').flatMap(({ authenticationRef: ref, role, path }) => {
    if (ref === undefined || near.authentication(resource.metadata.namespace, ref) !== undefined) return []
    const at = role === 'scaler' ? [...path.slice(0, -1), 'authenticationRef', 'name'] : ['spec', 'authenticationRef', 'name']
    return [notFound(resource, at, 'warning', `${ref.kind} "${ref.name}" is not among these files`, elsewhere(ref, near))]
  })
}

/** The same name as the other kind is the mistake that is made most. */
function elsewhere (ref: AuthenticationRef, near: Neighbours): string {
  const other = near.resources.find(r => r.metadata.name === ref.name && r.kind !== ref.kind && (r.kind === 'TriggerAuthentication' || r.kind === 'ClusterTriggerAuthentication'))
  if (other === undefined) return 'fine if the cluster has it; `run` needs it here'
  return other.kind === 'ClusterTriggerAuthentication' ? 'there is a ClusterTriggerAuthentication of this name: write kind: ClusterTriggerAuthentication' : `there is one in namespace ${other.metadata.namespace}`
}

function missingKeys (resource: Resource, near: Neighbours): Problem[] {
  if (resource.kind !== 'TriggerAuthentication') return []
  return [...keysOf(resource, 'secretTargetRef', 'Secret', near.secret), ...keysOf(resource, 'configMapTargetRef', 'ConfigMap', near.configMap)]
}

type Holder = { readonly data: Readonly<Record<string, string>> } | undefined

function keysOf (resource: TriggerAuthentication | ClusterTriggerAuthentication, field: 'secretTargetRef' | 'configMapTargetRef', kind: string, find: (namespace: string, name: string) => Holder): Problem[] {
  return resource.spec[field].flatMap(({ name, key }, i) => {
    const holder = find(resource.metadata.namespace, name)
    if (holder === undefined) return [notFound(resource, ['spec', field, i, 'name'], 'warning', `${kind} "${name}" is not among these files`, 'fine if the cluster has it; `run` needs it here')]
    if (Object.hasOwn(holder.data, key)) return []
    return [notFound(resource, ['spec', field, i, 'key'], 'error', `${kind} "${name}" has no key "${key}"`, `keys: ${Object.keys(holder.data).join(', ') || 'none'}`)]
  })
}

/** The loser is the one that `run` refuses: the younger, by name where nothing tells their ages. */
function sharedTargets ({ resources }: Neighbours): Problem[] {
  const aged = resources.flatMap(object => object.kind !== 'ScaledObject' ? [] : [{ object, createdAt: Date.parse(object.metadata.creationTimestamp ?? '') || Infinity }])
  return claimTargets(aged, []).conflicts.map(({ loser, winner, target }) => ({
    code: 'TG_TARGET_CONFLICT', severity: 'error', path: ['spec', 'scaleTargetRef', 'name'], origin: loser.origin,
    message: `ScaledObject "${winner.metadata.name}" scales ${target.kind} "${target.name}" already`, hint: 'put all triggers of a target into one ScaledObject',
  }))
}
