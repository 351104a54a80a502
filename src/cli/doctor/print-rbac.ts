import { stringify } from 'yaml'
import { names } from '../../core/names.js'
import type { Right } from '../../kube/index.js'

const apiVersion = 'rbac.authorization.k8s.io/v1'
const roleName = `${names.product}-objects`

/** Roles, one a namespace, that grant these rights to the operator's account (`namespace/name`), by names where they have one; ready for `kubectl apply -f -`. */
export function rbacText (rights: readonly Right[], account: string): string {
  const namespaces = [...new Set(rights.map(right => right.namespace ?? ''))].sort()
  if (namespaces.length === 0) return `# What is installed needs nothing beside deploy/manifests.`
  const documents = namespaces.flatMap(namespace => [roleOf(namespace, rights.filter(right => right.namespace === namespace)), bindingOf(namespace, account)])
  return [`# What is installed needs this beside deploy/manifests: written by \`${names.product} doctor --print-rbac\`, to be written anew when objects change.`, ...documents.map(document => stringify(document, { lineWidth: 0 }).trimEnd())].join('\n---\n')
}

function roleOf (namespace: string, rights: readonly Right[]): object {
  const rules = new Map<string, { apiGroups: string[], resources: string[], resourceNames?: string[], verbs: string[] }>()
  for (const { group, resource, verb, name } of rights) {
    const key = JSON.stringify([group, resource, name === undefined])
    const rule = rules.get(key) ?? { apiGroups: [group], resources: [resource], ...(name === undefined ? {} : { resourceNames: [] }), verbs: [] }
    rules.set(key, rule)
    if (!rule.verbs.includes(verb)) rule.verbs.push(verb)
    if (name !== undefined && rule.resourceNames?.includes(name) === false) rule.resourceNames.push(name)
  }
  return { apiVersion, kind: 'Role', metadata: { name: roleName, namespace, labels: { 'app.kubernetes.io/name': names.product } }, rules: [...rules.values()] }
}

function bindingOf (namespace: string, account: string): object {
  const [accountNamespace, name] = account.split('/')
  return {
    apiVersion, kind: 'RoleBinding', metadata: { name: roleName, namespace, labels: { 'app.kubernetes.io/name': names.product } },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: roleName },
    subjects: [{ kind: 'ServiceAccount', name, namespace: accountNamespace }],
  }
}
