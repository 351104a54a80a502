import { errorCode, errorMessage, TidegateError } from '../../core/errors.js'
import type { Identity } from '../../spec/config-spec.js'
import type { Path, Problem } from '../../spec/problem.js'
import { dataOf, environmentOf, type Tell, type Vault } from './container-env.js'
import type { Credentials, CredentialsParts, CredentialsRequest, TriggerAuth } from './credential-types.js'
import type { PodContainer } from '../ports.js'

export interface AuthenticationRequest extends CredentialsRequest {
  readonly kind: string
  readonly spec: TriggerAuth['spec']
  readonly containers: readonly PodContainer[]
}

type Resolved = Pick<Credentials, 'auth' | 'identity' | 'missing' | 'refusals'>

/** The parameters that a (Cluster)TriggerAuthentication gives, in KEDA's order: a later source overwrites an earlier one; a file is the only source (keda.md c.1). */
export async function resolveAuthentication (request: AuthenticationRequest, vault: Vault, parts: CredentialsParts): Promise<Resolved> {
  const { spec } = request
  const identity = spec.podIdentity as Identity | undefined
  const path = [...request.path, 'authenticationRef', 'name']
  if (spec.filePath !== undefined && spec.filePath !== '') return { ...await fromFile(spec.filePath, path, request, parts), identity }
  const sheet = new Sheet(path, `${request.kind} ${request.authenticationRef?.name ?? ''}`)
  await fromEnvironment(request, vault, sheet)
  await fromObjects(request, vault, parts, sheet)
  await fromServiceAccounts(request, parts, sheet)
  return { auth: Object.fromEntries(sheet.auth), missing: Object.fromEntries(sheet.missing), identity, refusals: [] }
}

/** Parameters as they come in; what a later source gives is missing no more. */
class Sheet {
  readonly auth = new Map<string, string>()
  readonly missing = new Map<string, Problem>()

  constructor (private readonly path: Path, private readonly who: string) {}

  give (parameter: string, value: string): void {
    this.auth.set(parameter, value)
    this.missing.delete(parameter)
  }

  lack (parameter: string, message: string, hint: string, code: Problem['code'] = 'TG_REF_NOT_FOUND'): void {
    if (!this.auth.has(parameter)) this.missing.set(parameter, { code, severity: 'error', path: this.path, message: `${this.who}, parameter ${parameter}: ${message}`, hint })
  }
}

async function fromEnvironment ({ spec, containers, namespace }: AuthenticationRequest, vault: Vault, sheet: Sheet): Promise<void> {
  for (const entry of spec.env) {
    const { containerName } = entry
    const container = containerName === undefined ? containers[0] : containers.find(c => c.name === containerName)
    const told: string[] = []
    const env = await environmentOf(container, namespace, vault, message => told.push(message))
    const value = env[entry.name]
    if (value !== undefined) sheet.give(entry.parameter, value)
    else if (container === undefined) sheet.lack(entry.parameter, `the target has no container${containerName === undefined ? '' : ` ${containerName}`}`, `containers: ${containers.map(c => c.name).join(', ') || 'none'}`)
    else sheet.lack(entry.parameter, [`the target's container ${container.name} has no variable ${entry.name}`, ...told].join('; '), 'add it to the container, or name another')
  }
}

async function fromObjects (request: AuthenticationRequest, vault: Vault, parts: CredentialsParts, sheet: Sheet): Promise<void> {
  const namespace = namespaceOf(request, parts)
  for (const [kind, entries] of [['ConfigMap', request.spec.configMapTargetRef], ['Secret', request.spec.secretTargetRef]] as const) {
    for (const { parameter, name, key } of entries) {
      const place = kind === 'Secret' ? parts.secretsOnlyFrom ?? namespace : namespace
      const tell: Tell = (message, hint) => sheet.lack(parameter, message, hint)
      const data = await dataOf(kind, place, name, vault, tell)
      if (data?.[key] !== undefined) sheet.give(parameter, data[key])
      else if (data !== undefined) sheet.lack(parameter, `${kind} ${place}/${name} has no key ${key}`, `keys: ${Object.keys(data).join(', ') || 'none'}`)
    }
  }
}

async function fromServiceAccounts (request: AuthenticationRequest, parts: CredentialsParts, sheet: Sheet): Promise<void> {
  const namespace = namespaceOf(request, parts)
  for (const { parameter, serviceAccountName: name } of request.spec.boundServiceAccountToken ?? []) {
    try {
      const token = await parts.reader.token(namespace, name, request.maxAgeMs)
      if (token === undefined) sheet.lack(parameter, `ServiceAccount ${namespace}/${name} does not exist`, 'create it, or mend the name')
      else sheet.give(parameter, token)
    } catch (error) {
      if (!(error instanceof TidegateError)) throw error
      sheet.lack(parameter, error.message, error.hint ?? '', error.code)
    }
  }
}

async function fromFile (file: string, path: Path, { kind, authenticationRef }: AuthenticationRequest, { files }: CredentialsParts): Promise<Omit<Resolved, 'identity'>> {
  try {
    return { auth: await files.read(file), missing: {}, refusals: [] }
  } catch (error) {
    const hint = error instanceof TidegateError ? error.hint : undefined
    return { auth: {}, missing: {}, refusals: [{ code: errorCode(error, 'TG_CONFIG_INVALID'), severity: 'error', path, message: `${kind} ${authenticationRef?.name ?? ''}: ${errorMessage(error)}`, ...(hint === undefined ? {} : { hint }) }] }
  }
}

/** Where the objects that an authentication names are. */
const namespaceOf = ({ kind, namespace }: AuthenticationRequest, { clusterObjectNamespace }: CredentialsParts): string =>
  kind === 'ClusterTriggerAuthentication' ? clusterObjectNamespace : namespace
