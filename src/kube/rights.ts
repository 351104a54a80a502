import { names } from '../core/names.js'

/** One verb on one resource, and where it is needed: in every namespace that is looked at, where the lease is, or for what is no namespace's. */
export interface Right {
  readonly group: string
  /** With its subresource: `deployments/scale`. */
  readonly resource: string
  readonly verb: string
  readonly scope: 'work' | 'home' | 'cluster'
  /** One object's name; any unless given. */
  readonly name?: string
  /** Undefined: what it is asked for in is told by `scope`. */
  readonly namespace?: string
}

const rights = (scope: Right['scope'], groups: readonly string[], resources: readonly string[], verbs: readonly string[]): readonly Right[] =>
  groups.flatMap(group => resources.flatMap(resource => verbs.map(verb => ({ group, resource, verb, scope }))))

const both = [names.group, names.kedaGroup]

/** What the operator needs to do its work: the roles of deploy/manifests, as a test says. Secrets stand beside it, since they may be granted one by one. */
export const operatorRights: readonly Right[] = [
  ...rights('work', both, ['scaledobjects', 'scaledjobs'], ['get', 'list', 'watch', 'patch']),
  ...rights('work', [names.group], ['triggers'], ['get', 'list', 'watch', 'patch']),
  ...rights('work', both, ['triggerauthentications'], ['list', 'watch']),
  ...rights('cluster', both, ['clustertriggerauthentications'], ['list', 'watch']),
  ...rights('work', both, ['triggerauthentications/status'], ['patch']),
  ...rights('cluster', both, ['clustertriggerauthentications/status'], ['patch']),
  ...rights('work', both, ['scaledobjects/status', 'scaledjobs/status'], ['patch']),
  ...rights('work', [names.group], ['triggers/status'], ['patch']),
  ...rights('work', ['apps'], ['deployments', 'statefulsets'], ['list', 'watch']),
  ...rights('work', ['apps'], ['deployments/scale', 'statefulsets/scale'], ['get', 'patch']),
  ...rights('work', ['batch'], ['jobs'], ['list', 'watch', 'create', 'delete']),
  ...rights('work', ['', 'serving.knative.dev'], ['services'], ['list', 'watch']),
  ...rights('work', ['discovery.k8s.io'], ['endpointslices'], ['list', 'watch']),
  ...rights('work', [''], ['pods'], ['list', 'watch', 'patch']),
  ...rights('work', ['autoscaling'], ['horizontalpodautoscalers'], ['list', 'watch']),
  ...rights('work', [''], ['configmaps'], ['get']),
  ...rights('work', ['events.k8s.io'], ['events'], ['create']),
  ...rights('home', ['coordination.k8s.io'], ['leases'], ['create']),
  ...rights('home', ['coordination.k8s.io'], ['leases'], ['get', 'update']).map(right => ({ ...right, name: names.product })),
]

/** `patch apps/deployments/scale`, with a name and a namespace where they matter. */
export function rightText ({ group, resource, verb, name, namespace }: Right): string {
  return `${verb} ${group === '' ? '' : `${group}/`}${resource}${name === undefined ? '' : ` "${name}"`}${namespace === undefined ? '' : ` in ${namespace}`}`
}
