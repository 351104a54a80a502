import { errorMessage, TidegateError } from '../../core/errors.js'
import { besideCode, type Problem } from '../../spec/problem.js'
import { resolveAuthentication } from './authentication.js'
import { environmentOf, type Tell, type Vault } from './container-env.js'
import type { Credentials, CredentialsParts, CredentialsRequest, TriggerAuth } from './credential-types.js'
import type { PodContainer } from '../ports.js'

/**
 * Resolves the target container's environment and a TriggerAuthentication, as KEDA does (reference: keda.md c), but for one thing:
 * what a reference names and cannot be had is a problem with a place, never silence. Rejects where nobody could be asked.
 */
export async function resolveCredentials (request: CredentialsRequest, parts: CredentialsParts): Promise<Credentials> {
  const problems: Problem[] = []
  const tell = (message: string, hint: string): void => { problems.push({ code: 'TG_REF_NOT_FOUND', severity: 'error', path: request.path, message, hint }) }
  const vault = vaultOf(request, parts)
  const found = await authenticationOf(request, parts)
  const wantsEnv = request.needsEnv || found.spec?.env !== undefined && found.spec.env.length > 0
  const containers = wantsEnv ? await containersOf(request, parts, tell) : []
  const env = request.needsEnv ? await environmentOf(chosen(containers, request, tell), request.namespace, vault, tell) : {}
  const nothing = { auth: {}, missing: {}, identity: undefined }
  const resolved = found.spec === undefined ? { ...nothing, refusals: found.refusals } : await resolveAuthentication({ ...request, kind: found.kind, spec: found.spec, containers }, vault, parts)
  return { env, problems, ...resolved }
}

interface Found { readonly kind: string, readonly spec: TriggerAuth['spec'] | undefined, readonly refusals: readonly Problem[] }

async function authenticationOf ({ authenticationRef: ref, namespace, path }: CredentialsRequest, parts: CredentialsParts): Promise<Found> {
  const kind = ref?.kind ?? 'TriggerAuthentication'
  if (ref === undefined) return { kind, spec: undefined, refusals: [] }
  const found = parts.authentication(kind, namespace, ref.name)
  if (found !== undefined && !('refused' in found)) return { kind, spec: found.spec, refusals: [] }
  const problem = { severity: 'error', path: [...path, 'authenticationRef', 'name'] } as const
  if (found === undefined) {
    return { kind, spec: undefined, refusals: [{ ...problem, code: 'TG_REF_NOT_FOUND', message: `${kind} ${ref.name} does not exist${kind === 'TriggerAuthentication' ? ` in namespace ${namespace}` : ''}`, hint: 'create it, or mend the name' }] }
  }
  const refused = besideCode(found.refused)
  return { kind, spec: undefined, refusals: [{ ...problem, code: refused.code, message: `${kind} ${ref.name} cannot be used: ${refused.text}` }] }
}

/** What we read through; where Secrets come from one namespace only, no other is asked. */
function vaultOf ({ maxAgeMs }: CredentialsRequest, { reader, secretsOnlyFrom }: CredentialsParts): Vault {
  return {
    read: async (kind, namespace, name) => {
      if (kind === 'ConfigMap') return reader.configMap(namespace, name, maxAgeMs)
      if (secretsOnlyFrom !== undefined && namespace !== secretsOnlyFrom) {
        throw new TidegateError('TG_REF_FORBIDDEN', `Secret ${namespace}/${name} is not read: with --restrict-secrets only those of namespace ${secretsOnlyFrom} are`, { hint: `put it there, and name it in a TriggerAuthentication` })
      }
      return reader.secret(namespace, name, maxAgeMs)
    },
  }
}

async function containersOf (request: CredentialsRequest, { reader }: CredentialsParts, tell: Tell): Promise<readonly PodContainer[]> {
  if (request.target === undefined) return []
  try {
    return await reader.containers(request.target) ?? []
  } catch (error) {
    tell(`the pod template of ${request.target.kind} ${request.target.name} cannot be read: ${errorMessage(error)}`, 'it is read again at the next look')
    return []
  }
}

function chosen (containers: readonly PodContainer[], { containerName, target }: CredentialsRequest, tell: Tell): PodContainer | undefined {
  if (containerName === undefined) return containers[0]
  const found = containers.find(c => c.name === containerName)
  if (found === undefined) tell(`${target?.name ?? 'the target'} has no container ${containerName}`, `containers: ${containers.map(c => c.name).join(', ')}`)
  return found
}
