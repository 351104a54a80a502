import type { Resource } from '../../api/index.js'
import type { Identity } from '../../spec/config-spec.js'
import type { Path, Problem } from '../../spec/problem.js'
import type { AuthFiles, ObjectReader, ObjectRef } from '../ports.js'

export type TriggerAuth = Extract<Resource, { kind: 'TriggerAuthentication' | 'ClusterTriggerAuthentication' }>

/** Everything a plugin's configuration may be read from beside its metadata. */
export interface Credentials {
  readonly auth: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
  readonly identity: Identity | undefined
  /** What of the container's environment could not be resolved; a plugin that needs none of it works all the same. */
  readonly problems: readonly Problem[]
  /** Parameters that the authentication promises and could not be had: whoever reads one of them must not go on without it. */
  readonly missing: Readonly<Record<string, Problem>>
  /** Why the authentication as a whole cannot be used. Nothing is opened without it: a source that lets strangers in is no reason to come as one. */
  readonly refusals: readonly Problem[]
}

export interface CredentialsRequest {
  readonly namespace: string
  /** Whose container's environment `…FromEnv` reads; undefined: nobody's. */
  readonly target: ObjectRef | undefined
  /** `envSourceContainerName`; the first container unless given. */
  readonly containerName?: string | undefined
  /** Whether the container's environment is wanted at all: what nobody needs is not read. */
  readonly needsEnv: boolean
  readonly authenticationRef?: { readonly name: string, readonly kind?: string | undefined } | undefined
  /** Where the reference stands, for problems. */
  readonly path: Path
  /** How old a Secret or ConfigMap that was read before may be, milliseconds. */
  readonly maxAgeMs: number
}

export interface CredentialsParts {
  readonly reader: ObjectReader
  readonly files: AuthFiles
  /** An authentication by kind, namespace and name; the problems of its last edit where it never could be used. */
  readonly authentication: (kind: string, namespace: string, name: string) => TriggerAuth | { readonly refused: readonly Problem[] } | undefined
  /** Where ClusterTriggerAuthentications read their Secrets, ConfigMaps and service accounts. */
  readonly clusterObjectNamespace: string
  /** The only namespace whose Secrets are read, and where those of every TriggerAuthentication are looked for; undefined: each in its own. */
  readonly secretsOnlyFrom?: string | undefined
}
