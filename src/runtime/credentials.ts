import type { Resource } from '../api/index.js'
import { errorMessage } from '../core/errors.js'
import type { Identity } from '../spec/config-spec.js'
import type { Path, Problem } from '../spec/problem.js'
import type { Data, EnvFrom, EnvVar, ObjectReader, ObjectRef, PodContainer } from './ports.js'

type TriggerAuth = Extract<Resource, { kind: 'TriggerAuthentication' | 'ClusterTriggerAuthentication' }>

/** Everything a plugin's configuration may be read from beside its metadata. */
export interface Credentials {
  readonly auth: Readonly<Record<string, string>>
  readonly env: Readonly<Record<string, string>>
  readonly identity: Identity | undefined
  /** What could not be resolved; a scaler that needs none of it works all the same. */
  readonly problems: readonly Problem[]
}

export interface CredentialsRequest {
  readonly namespace: string
  /** Whose container's environment `…FromEnv` reads; undefined: nobody's. */
  readonly target: ObjectRef | undefined
  /** `envSourceContainerName`; the first container unless given. */
  readonly containerName?: string | undefined
  readonly authenticationRef?: { readonly name: string, readonly kind?: string | undefined } | undefined
  /** Where the reference stands, for problems. */
  readonly path: Path
}

export interface CredentialsParts {
  readonly reader: ObjectReader
  readonly authentication: (kind: string, namespace: string, name: string) => TriggerAuth | undefined
  /** Where ClusterTriggerAuthentications read their Secrets. */
  readonly clusterObjectNamespace: string
}

/**
 * Resolves the target container's environment and a TriggerAuthentication, as KEDA does (reference: keda.md c), but for one thing:
 * what a reference names and is not there is a problem with a place, never silence.
 */
export async function resolveCredentials (request: CredentialsRequest, parts: CredentialsParts): Promise<Credentials> {
  const problems: Problem[] = []
  const missing = (path: Path, message: string, hint: string): void => { problems.push({ code: 'TG_REF_NOT_FOUND', severity: 'error', path, message, hint }) }
  const containers = await containersOf(request, parts, missing)
  const env = await environmentOf(chosen(containers, request, missing), request.namespace, parts.reader, (message, hint) => missing(request.path, message, hint))
  if (request.authenticationRef === undefined) return { auth: {}, env, identity: undefined, problems }
  const resolved = await resolveAuthentication(request, request.authenticationRef, containers, parts, missing)
  return { env, problems, ...resolved }
}

type Missing = (path: Path, message: string, hint: string) => void

async function containersOf (request: CredentialsRequest, { reader }: CredentialsParts, missing: Missing): Promise<readonly PodContainer[]> {
  if (request.target === undefined) return []
  try {
    return await reader.containers(request.target) ?? []
  } catch (error) {
    missing(request.path, `the pod template of ${request.target.kind} ${request.target.name} cannot be read: ${errorMessage(error)}`, 'it is read again at the next look')
    return []
  }
}

function chosen (containers: readonly PodContainer[], { containerName, target, path }: CredentialsRequest, missing: Missing): PodContainer | undefined {
  if (containerName === undefined) return containers[0]
  const found = containers.find(c => c.name === containerName)
  if (found === undefined) missing(path, `${target?.name ?? 'the target'} has no container ${containerName}`, `containers: ${containers.map(c => c.name).join(', ')}`)
  return found
}

type Tell = (message: string, hint: string) => void

async function environmentOf (container: PodContainer | undefined, namespace: string, reader: ObjectReader, tell: Tell): Promise<Record<string, string>> {
  const env: Record<string, string> = {}
  for (const source of container?.envFrom ?? []) Object.assign(env, await envFrom(source, namespace, reader, tell))
  for (const variable of container?.env ?? []) {
    const value = await envValue(variable, env, namespace, reader, tell)
    if (value !== undefined) env[variable.name] = value
  }
  return env
}

async function envFrom ({ prefix = '', secretRef, configMapRef }: EnvFrom, namespace: string, reader: ObjectReader, tell: Tell): Promise<Record<string, string>> {
  const ref = secretRef ?? configMapRef
  if (ref === undefined) return {}
  const data = secretRef !== undefined ? await reader.secret(namespace, ref.name) : await reader.configMap(namespace, ref.name)
  if (data === undefined && ref.optional !== true) tell(`${secretRef !== undefined ? 'Secret' : 'ConfigMap'} ${namespace}/${ref.name} does not exist`, 'create it, or mark the reference optional')
  return Object.fromEntries(Object.entries(data ?? {}).map(([key, value]) => [prefix + key, value]))
}

async function envValue ({ name, value, valueFrom }: EnvVar, env: Readonly<Record<string, string>>, namespace: string, reader: ObjectReader, tell: Tell): Promise<string | undefined> {
  if (valueFrom === undefined) return expand(value ?? '', env)
  const ref = valueFrom.secretKeyRef ?? valueFrom.configMapKeyRef
  if (ref === undefined) return undefined // fieldRef, resourceFieldRef: known to the pod alone
  const kind = valueFrom.secretKeyRef !== undefined ? 'Secret' : 'ConfigMap'
  const data = await read(kind, namespace, ref.name, reader)
  const found = data?.[ref.key]
  if (found === undefined && ref.optional !== true) {
    tell(data === undefined ? `variable ${name}: ${kind} ${namespace}/${ref.name} does not exist` : `variable ${name}: ${kind} ${namespace}/${ref.name} has no key ${ref.key}`,
      data === undefined ? 'create it, or mark the reference optional' : `keys: ${Object.keys(data).join(', ')}`)
  }
  return found
}

/** `$(VAR)` of variables resolved before; `$$` is a dollar; what is not known stays as it is. */
function expand (text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (whole, name: string | undefined) => name === undefined ? '$' : env[name] ?? whole)
}

const read = (kind: 'Secret' | 'ConfigMap', namespace: string, name: string, reader: ObjectReader): Promise<Data | undefined> =>
  kind === 'Secret' ? reader.secret(namespace, name) : reader.configMap(namespace, name)

async function resolveAuthentication (
  request: CredentialsRequest,
  ref: { readonly name: string, readonly kind?: string | undefined },
  containers: readonly PodContainer[],
  parts: CredentialsParts,
  missing: Missing,
): Promise<Pick<Credentials, 'auth' | 'identity'>> {
  const kind = ref.kind ?? 'TriggerAuthentication'
  const path = [...request.path, 'authenticationRef', 'name']
  const found = parts.authentication(kind, request.namespace, ref.name)
  if (found === undefined) {
    missing(path, `${kind} ${ref.name} does not exist${kind === 'TriggerAuthentication' ? ` in namespace ${request.namespace}` : ''}`, `create it, or mend the name`)
    return { auth: {}, identity: undefined }
  }
  const namespace = kind === 'ClusterTriggerAuthentication' ? parts.clusterObjectNamespace : request.namespace
  const auth: Record<string, string> = {}
  for (const entry of found.spec.env ?? []) {
    const container = entry.containerName === undefined ? containers[0] : containers.find(c => c.name === entry.containerName)
    const env = await environmentOf(container, request.namespace, parts.reader, (message, hint) => missing(path, message, hint))
    if (env[entry.name] === undefined) missing(path, `${kind} ${ref.name}: the target's container has no variable ${entry.name}`, `parameter ${entry.parameter} stays empty`)
    else auth[entry.parameter] = env[entry.name] ?? ''
  }
  for (const [source, entries] of [['ConfigMap', found.spec.configMapTargetRef], ['Secret', found.spec.secretTargetRef]] as const) {
    for (const entry of entries ?? []) {
      const data = await read(source, namespace, entry.name, parts.reader)
      const value = data?.[entry.key]
      if (value !== undefined) auth[entry.parameter] = value
      else missing(path, `${kind} ${ref.name}: ${source} ${namespace}/${entry.name} ${data === undefined ? 'does not exist' : `has no key ${entry.key}`}`, `parameter ${entry.parameter} stays empty`)
    }
  }
  return { auth, identity: found.spec.podIdentity as Identity | undefined }
}
