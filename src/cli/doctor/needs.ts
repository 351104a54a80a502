import { componentsOf, type AuthenticationRef } from '../../api/index.js'
import type { Right } from '../../kube/index.js'
import type { PodContainer } from '../../runtime/ports.js'
import { targetIn, type Patient, type Seen } from './patient.js'

const right = (namespace: string, group: string, resource: string, verb: string, name?: string): Right =>
  ({ group, resource, verb, scope: 'work', namespace, ...(name === undefined ? {} : { name }) })

/** What the objects that are installed need beside the operator's own role: Secrets and service accounts by their names, other kinds that are scaled. Each once. */
export async function needsOf (patient: Patient): Promise<readonly Right[]> {
  const found = await Promise.all(patient.objects.filter(({ standing }) => standing.kind !== 'foreign').map(seen => needsOfOne(seen, patient)))
  const byText = new Map(found.flat().map(need => [JSON.stringify(need), need]))
  return [...byText.keys()].sort().flatMap(text => byText.get(text) ?? [])
}

async function needsOfOne ({ resource, ref: { namespace } }: Seen, patient: Patient): Promise<readonly Right[]> {
  if (resource === undefined) return []
  const components = componentsOf(resource)
  const authentications = components.flatMap(({ authenticationRef }) => authenticationRef === undefined ? [] : [authenticationRef])
  const readsEnv = components.some(({ values }) => Object.keys(values).some(key => key.endsWith('FromEnv')))
    || authentications.some(ref => authenticationIn(ref, namespace, patient)?.env.length)
  const target = resource.kind === 'ScaledObject' || resource.kind === 'Trigger' ? targetIn(patient.cluster, resource) : undefined
  return [
    ...authentications.flatMap(ref => authenticationNeeds(ref, namespace, patient)),
    ...(readsEnv && target !== undefined ? secretsOf(await patient.cluster.objects.containers(target) ?? []).map(name => right(namespace, '', 'secrets', 'get', name)) : []),
    ...(resource.kind === 'ScaledObject' && target !== undefined ? await kindNeeds(target, patient) : []),
  ]
}

function authenticationIn (ref: AuthenticationRef, namespace: string, { config }: Patient) {
  const found = config.authentication(ref.kind, namespace, ref.name)
  return found === undefined || 'refused' in found ? undefined : found.spec
}

function authenticationNeeds (ref: AuthenticationRef, namespace: string, patient: Patient): readonly Right[] {
  const spec = authenticationIn(ref, namespace, patient)
  if (spec === undefined) return []
  const { clusterObjectNamespace, secretsOnlyFrom } = patient.config
  const place = ref.kind === 'ClusterTriggerAuthentication' ? clusterObjectNamespace : namespace
  return [
    ...spec.secretTargetRef.map(({ name }) => right(secretsOnlyFrom ?? place, '', 'secrets', 'get', name)),
    ...(spec.boundServiceAccountToken ?? []).map(({ serviceAccountName }) => right(place, '', 'serviceaccounts/token', 'create', serviceAccountName)),
  ]
}

const secretsOf = (containers: readonly PodContainer[]): readonly string[] => containers.flatMap(({ env, envFrom }) => [
  ...env.flatMap(({ valueFrom }) => valueFrom?.secretKeyRef?.name ?? []),
  ...envFrom.flatMap(({ secretRef }) => secretRef?.name ?? []),
])

/** A kind that the operator's role does not name: read, and scaled through its subresource. */
async function kindNeeds (target: { readonly apiVersion: string, readonly kind: string, readonly namespace: string, readonly name: string }, { cluster }: Patient): Promise<readonly Right[]> {
  if (target.apiVersion === 'apps/v1' && ['Deployment', 'StatefulSet'].includes(target.kind)) return []
  const served = await cluster.kindOf(target)
  if (served === undefined) return []
  const group = target.apiVersion.includes('/') ? target.apiVersion.split('/')[0] ?? '' : ''
  return [right(target.namespace, group, served.plural, 'get'), ...['get', 'patch'].map(verb => right(target.namespace, group, `${served.plural}/scale`, verb))]
}
