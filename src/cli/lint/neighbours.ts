import type { AuthenticationRef, ClusterTriggerAuthentication, ConfigMap, Container, Deployment, Secret, Service, TriggerAuthentication, Resource, Workload } from '../../api/index.js'
import type { Contents } from '../../manifest/index.js'
import type { Names } from '../../spec/index.js'
import { isMapping } from '../../spec/read.js'

type Find<T> = (namespace: string, name: string) => T | undefined

/** The other objects of the same folder, found by name. */
export interface Neighbours {
  readonly resources: readonly Resource[]
  readonly deployments: readonly Deployment[]
  readonly deployment: Find<Deployment>
  readonly service: Find<Service>
  readonly secret: Find<Secret>
  readonly configMap: Find<ConfigMap>
  readonly authentication: (namespace: string, ref: AuthenticationRef) => TriggerAuthentication | ClusterTriggerAuthentication | undefined
}

export function neighboursOf ({ entries }: Contents): Neighbours {
  const workloads = entries.flatMap(e => e.role === 'workload' && e.parsed.ok ? [e.parsed.value] : [])
  const resources = entries.flatMap(e => e.role === 'resource' && e.parsed.ok ? [e.parsed.value] : [])
  const find = <K extends Workload['kind']>(kind: K) => (namespace: string, name: string) =>
    workloads.find((w): w is Extract<Workload, { kind: K }> => w.kind === kind && w.metadata.namespace === namespace && w.metadata.name === name)
  return {
    resources,
    deployments: workloads.filter(w => w.kind === 'Deployment'),
    deployment: find('Deployment'), service: find('Service'), secret: find('Secret'), configMap: find('ConfigMap'),
    authentication: (namespace, ref) => resources.find((r): r is TriggerAuthentication | ClusterTriggerAuthentication =>
      (r.kind === 'TriggerAuthentication' || r.kind === 'ClusterTriggerAuthentication') && r.kind === ref.kind && r.metadata.name === ref.name
      && (r.metadata.namespace === namespace || r.kind === 'ClusterTriggerAuthentication')),
  }
}

/** The Deployment that an object speaks of, where it is in the folder: the scale target, or what stands behind the function's Service. */
export function targetOf (raw: unknown, namespace: string, near: Neighbours): Deployment | undefined {
  const spec = isMapping(raw) && isMapping(raw['spec']) ? raw['spec'] : {}
  const target = isMapping(spec['scaleTargetRef']) ? spec['scaleTargetRef'] : {}
  if (typeof target['name'] === 'string') return (target['kind'] ?? 'Deployment') === 'Deployment' ? near.deployment(namespace, target['name']) : undefined
  const fn = isMapping(spec['function']) ? spec['function'] : {}
  return typeof fn['name'] === 'string' ? behind(near.service(namespace, fn['name']), fn['name'], namespace, near) : undefined
}

function behind (service: Service | undefined, name: string, namespace: string, near: Neighbours): Deployment | undefined {
  const named = near.deployment(namespace, name)
  if (service === undefined || named === undefined) return named
  return Object.entries(service.spec.selector).every(([key, value]) => named.spec.template.metadata.labels[key] === value) ? named : undefined
}

/** Names that a component of the object can count on; undefined where the folder does not say. */
export function namesFor (raw: unknown, namespace: string, ref: AuthenticationRef | undefined, near: Neighbours): Names {
  const container = containerOf(raw, targetOf(raw, namespace, near))
  const env = container === undefined ? undefined : envNames(container, namespace, near)
  if (ref === undefined) return { auth: [], env }
  const authentication = near.authentication(namespace, ref)
  if (authentication === undefined) return { env }
  const { spec } = authentication
  const identity = spec.podIdentity === undefined ? undefined : { provider: spec.podIdentity.provider }
  const isElsewhere = (['filePath', 'hashiCorpVault', 'azureKeyVault', 'gcpSecretManager', 'awsSecretManager', 'oauth2'] as const).some(key => spec[key] !== undefined)
  return { env, identity, auth: isElsewhere ? undefined : [...spec.env, ...spec.secretTargetRef, ...spec.configMapTargetRef, ...spec.boundServiceAccountToken ?? []].map(r => r.parameter) }
}

function containerOf (raw: unknown, deployment: Deployment | undefined): Container | undefined {
  const containers = deployment?.spec.template.spec.containers
  const target = isMapping(raw) && isMapping(raw['spec']) && isMapping(raw['spec']['scaleTargetRef']) ? raw['spec']['scaleTargetRef'] : {}
  const wanted = target['envSourceContainerName']
  return typeof wanted === 'string' ? containers?.find(c => c.name === wanted) : containers?.[0]
}

function envNames (container: Container, namespace: string, near: Neighbours): readonly string[] | undefined {
  const names = container.env.map(v => v.name)
  for (const { prefix = '', secretRef, configMapRef } of container.envFrom) {
    const from = secretRef === undefined ? configMapRef === undefined ? undefined : near.configMap(namespace, configMapRef.name) : near.secret(namespace, secretRef.name)
    if (from === undefined) return undefined
    names.push(...Object.keys(from.data).map(key => prefix + key))
  }
  return names
}
