import type { Deployment } from '../../api/index.js'
import { podPlan } from '../../local/index.js'
import type { Path, Problem } from '../../spec/index.js'
import type { Neighbours } from './neighbours.js'

/** What would stop the replicas of a Deployment: warnings where a cluster may have what these files do not. */
export function workloadProblems (deployment: Deployment, near: Neighbours): readonly Problem[] {
  const plan = podPlan(deployment)
  return [
    ...('code' in plan ? [{ ...plan, severity: 'warning' as const, message: `${plan.message}: \`run\` cannot start it` }] : []),
    ...deployment.spec.template.spec.containers.flatMap((_, i) => missingData(deployment, i, near)),
  ]
}

interface Reference {
  readonly kind: 'Secret' | 'ConfigMap'
  readonly name: string
  /** Undefined: all of it. */
  readonly key?: string
  readonly path: Path
}

function missingData (deployment: Deployment, container: number, near: Neighbours): readonly Problem[] {
  const { metadata: { namespace }, origin } = deployment
  return referencesOf(deployment, container).flatMap<Problem>(({ kind, name, key, path }) => {
    const found = (kind === 'Secret' ? near.secret : near.configMap)(namespace, name)
    const problem = { code: 'TG_REF_NOT_FOUND', origin } as const
    if (found === undefined) {
      return [{ ...problem, severity: 'warning', path: [...path, 'name'], message: `${kind} "${name}" is not among these files`, hint: 'fine if the cluster has it; `run` needs it here' }]
    }
    if (key === undefined || Object.hasOwn(found.data, key)) return []
    return [{ ...problem, severity: 'error', path: [...path, 'key'], message: `${kind} "${name}" has no key "${key}"`, hint: `keys: ${Object.keys(found.data).join(', ') || 'none'}` }]
  })
}

/** What the environment of a container is read from and may not be absent. */
function referencesOf ({ spec }: Deployment, index: number): readonly Reference[] {
  const container = spec.template.spec.containers[index]
  const path: Path = ['spec', 'template', 'spec', 'containers', index]
  const sources = [['Secret', 'secretKeyRef', 'secretRef'], ['ConfigMap', 'configMapKeyRef', 'configMapRef']] as const
  return sources.flatMap(([kind, one, all]) => [
    ...(container?.env ?? []).flatMap<Reference>(({ valueFrom }, i) => {
      const ref = valueFrom?.[one]
      return ref === undefined || ref.optional === true ? [] : [{ kind, name: ref.name, key: ref.key, path: [...path, 'env', i, 'valueFrom', one] }]
    }),
    ...(container?.envFrom ?? []).flatMap<Reference>((source, i) => {
      const ref = source[all]
      return ref === undefined || ref.optional === true ? [] : [{ kind, name: ref.name, path: [...path, 'envFrom', i, all] }]
    }),
  ])
}
