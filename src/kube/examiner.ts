import { ApiError } from './api/api-error.js'
import type { KubeHttp } from './api/http.js'
import type { Right } from './rights.js'

interface WireReview { readonly status?: { readonly allowed?: boolean } }
interface WireGroups { readonly groups?: readonly { readonly name: string }[] }
interface WireSchema { readonly properties?: Readonly<Record<string, WireSchema>>, readonly items?: WireSchema, readonly additionalProperties?: unknown, readonly $ref?: string, readonly allOf?: readonly WireSchema[] }
interface WireOpenApi { readonly components?: { readonly schemas?: Readonly<Record<string, WireSchema & { readonly 'x-kubernetes-group-version-kind'?: readonly { readonly kind: string }[] }>> } }

/** Questions about a cluster that change nothing. All reject with an ApiError where they cannot be asked. */
export class Examiner {
  readonly #http: KubeHttp

  constructor (http: KubeHttp) { this.#http = http }

  async version (): Promise<string> {
    return (await this.#http.request<{ readonly gitVersion?: string }>({ method: 'GET', path: '/version', urgency: 'read', timeoutMs: 5_000 })).gitVersion ?? 'of no known version'
  }

  /** Names of the API groups that are served, aggregated ones too. */
  async groups (): Promise<ReadonlySet<string>> {
    return new Set((await this.#http.find<WireGroups>('/apis'))?.groups?.map(g => g.name))
  }

  /** Those that we do not have; of `account` (`namespace/name`), those that it does not have, which needs the right to ask about others. */
  async missing (rights: readonly Right[], account: string | undefined): Promise<readonly Right[]> {
    const allowed = await Promise.all(rights.map(right => this.#isAllowed(right, account)))
    return rights.filter((_, i) => allowed[i] === false)
  }

  /** The kinds of a group that are served, each with the names of its fields (`spec.triggers.type`); empty where the group is not served. */
  async kinds (group: string, version: string): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const { components } = await this.#http.find<WireOpenApi>(`/openapi/v3/apis/${group}/${version}`) ?? {}
    return new Map(Object.values(components?.schemas ?? {}).flatMap(schema => {
      const kind = schema['x-kubernetes-group-version-kind']?.[0]?.kind
      return kind === undefined || kind.endsWith('List') ? [] : [[kind, new Set(fieldsOf(schema))] as const]
    }))
  }

  /** Whether somebody renewed this Lease within the minute; undefined where we may not look. */
  async isLeaseHeld (namespace: string, name: string, now: number): Promise<boolean | undefined> {
    try {
      const lease = await this.#http.find<{ readonly spec?: { readonly renewTime?: string } }>(`/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases/${name}`)
      return lease?.spec?.renewTime !== undefined && now - Date.parse(lease.spec.renewTime) < 60_000
    } catch (error) {
      if (error instanceof ApiError && error.status === 403) return undefined
      throw error
    }
  }

  async #isAllowed ({ group, resource: written, verb, name, namespace }: Right, account: string | undefined): Promise<boolean> {
    const [resource, subresource] = written.split('/')
    const resourceAttributes = { group, resource, verb, ...(subresource === undefined ? {} : { subresource }), ...(name === undefined ? {} : { name }), ...(namespace === undefined ? {} : { namespace }) }
    const kind = account === undefined ? 'SelfSubjectAccessReview' : 'SubjectAccessReview'
    const answer = await this.#http.request<WireReview>({
      method: 'POST', urgency: 'read', path: `/apis/authorization.k8s.io/v1/${kind.toLowerCase()}s`,
      body: { apiVersion: 'authorization.k8s.io/v1', kind, spec: { resourceAttributes, ...(account === undefined ? {} : subjectOf(account)) } },
    })
    return answer.status?.allowed === true
  }
}

/** An account with the groups that every account is in. */
function subjectOf (account: string): object {
  const [namespace = ''] = account.split('/')
  return { user: `system:serviceaccount:${account.replace('/', ':')}`, groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'] }
}

/** Names of all fields with a declared place; what refers to another schema (metadata) is not ours to compare. */
export function fieldsOf ({ properties = {}, items }: WireSchema, prefix = ''): readonly string[] {
  const inner = items === undefined ? [] : fieldsOf(items, prefix)
  return [...inner, ...Object.entries(properties).flatMap(([name, schema]) => name === 'metadata' && prefix === '' ? [] : [`${prefix}${name}`, ...fieldsOf(schema, `${prefix}${name}.`)])]
}
