/** The parts of API objects that are read, as they come over the wire: anything may be absent. */
export interface ObjectMeta {
  readonly name?: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly finalizers?: readonly string[]
  readonly ownerReferences?: readonly { readonly kind: string, readonly name: string, readonly uid: string }[]
  readonly managedFields?: unknown
}

/** One object as an API server tells it; `B` is what is read of its body. */
export type Wire<B = unknown> = B & { readonly apiVersion?: string, readonly kind?: string, readonly metadata: ObjectMeta }

export interface WireList {
  readonly metadata?: { readonly resourceVersion?: string, readonly continue?: string }
  readonly items?: readonly Wire[] | null
}

/** One line of a watch. */
export interface WireEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: Wire & WireStatus
}

/** `kind: Status`: what an API server says instead of an answer. */
export interface WireStatus {
  readonly code?: number
  readonly reason?: string
  readonly message?: string
  readonly details?: { readonly retryAfterSeconds?: number, readonly causes?: readonly { readonly reason?: string }[] }
}

export interface WireScale {
  readonly metadata: ObjectMeta
  readonly spec?: { readonly replicas?: number }
  readonly status?: { readonly replicas?: number, readonly selector?: string }
}

/** One key for what has a namespace and a name. */
export const nameKey = ({ namespace = '', name = '' }: Pick<ObjectMeta, 'namespace' | 'name'>): string => `${namespace}/${name}`

/** The path of a collection: of one namespace, or of all where it is empty or the kind is cluster-wide. */
export function collectionPath (apiVersion: string, plural: string, namespace = ''): string {
  const root = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
  return namespace === '' ? `${root}/${plural}` : `${root}/namespaces/${encodeURIComponent(namespace)}/${plural}`
}

/** The path of one object, or of a subresource of it. */
export function objectPath (apiVersion: string, plural: string, namespace: string, name: string, subresource = ''): string {
  return `${collectionPath(apiVersion, plural, namespace)}/${encodeURIComponent(name)}${subresource === '' ? '' : `/${subresource}`}`
}

/** Kubernetes' MicroTime. */
export const microTime = (ms: number): string => new Date(ms).toISOString().replace('Z', '000Z')
