import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { KubeControlPlane, KubeObject } from '../../servers/kube.js'

/** One verb on one resource, as a shipped role grants it. */
export interface Permission { readonly group: string, readonly resource: string, readonly verb: string, readonly resourceNames?: readonly string[] }
interface Rule { readonly apiGroups: readonly string[], readonly resources: readonly string[], readonly verbs: readonly string[], readonly resourceNames?: readonly string[] }

/** `apps/deployments/scale patch`; the core group is `core`. */
export const nameOf = ({ group, resource, verb }: Permission): string => `${group === '' ? 'core' : group}/${resource} ${verb}`

/** Every permission in the roles that a folder of manifests installs; those of components below it are for who asks for them. */
export function permissionsIn (folder: string): readonly Permission[] {
  const documents = readdirSync(folder).filter(name => name.endsWith('.yaml'))
    .flatMap(name => parseAllDocuments(readFileSync(join(folder, name), 'utf8')).map(document => document.toJS() as { readonly kind?: string, readonly rules?: readonly Rule[] } | null))
  return documents.filter(document => document?.kind === 'ClusterRole' || document?.kind === 'Role').flatMap(document => document?.rules ?? []).flatMap(({ apiGroups, resources, verbs, resourceNames }) =>
    apiGroups.flatMap(group => resources.flatMap(resource => verbs.map(verb => ({ group, resource, verb, ...(resourceNames === undefined ? {} : { resourceNames }) })))))
}

/** Kinds that are no namespace's. */
const clusterWide = /^clustertriggerauthentications/

/** Whoever sees that no KEDA is here need not wait for its finalizers. */
const seeKeda: Rule = { apiGroups: ['apps'], resources: ['deployments'], resourceNames: ['keda-operator'], verbs: ['list', 'watch'] }

/** Grants these permissions to an account of a namespace, there and for what is cluster-wide; a kubeconfig of that account. */
export async function grant (kube: KubeControlPlane, namespace: string, permissions: readonly Permission[], { seesKeda = true }: { readonly seesKeda?: boolean } = {}): Promise<string> {
  const rules = permissions.map(({ group, resource, verb, resourceNames }) => ({ apiGroups: [group], resources: [resource], verbs: [verb], ...(resourceNames === undefined ? {} : { resourceNames }) }))
  const subjects = [{ kind: 'ServiceAccount', name: 'tidegate', namespace }]
  const apiVersion = 'rbac.authorization.k8s.io/v1'
  const inside = { namespace, name: 'tidegate' }
  const outside = { name: `tidegate-${namespace}` }
  const ref = (kind: string, name: string): object => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name })
  const objects: readonly object[] = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: inside },
    { apiVersion, kind: 'Role', metadata: inside, rules: rules.filter(rule => !clusterWide.test(rule.resources[0] ?? '')) },
    { apiVersion, kind: 'RoleBinding', metadata: inside, roleRef: ref('Role', 'tidegate'), subjects },
    { apiVersion, kind: 'ClusterRole', metadata: outside, rules: [...(seesKeda ? [seeKeda] : []), ...rules.filter(rule => clusterWide.test(rule.resources[0] ?? ''))] },
    { apiVersion, kind: 'ClusterRoleBinding', metadata: outside, roleRef: ref('ClusterRole', outside.name), subjects },
  ]
  for (const object of objects) await kube.admin.apply(object as KubeObject)
  return kube.kubeconfig(`system:serviceaccount:${namespace}:tidegate`)
}
