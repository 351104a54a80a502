import { environmentContainer, sourceOf, type Scaled, type Trigger } from '../api/index.js'
import { names } from '../core/names.js'
import { standIns } from '../registry/check.js'
import type { AnyConnector, AnyScaler } from '../registry/registry.js'
import { Secret } from '../spec/secret.js'
import { parseConfig, type ConfigSpec, type ReadOptions, type Values } from '../spec/config-spec.js'
import type { Credentials, CredentialsParts, CredentialsRequest } from './credentials/credential-types.js'
import { resolveCredentials } from './credentials/credentials.js'
import type { Problem } from '../spec/problem.js'
import type { ObjectRef } from './ports.js'
import type { ResolvedConfig } from './scaling/source-reader.js'

/** Values of `defaults` in tidegate.yaml: per broker, those that stand in for what an object does not write. */
export type Defaults = Readonly<Record<string, Readonly<Record<string, unknown>>>>

export interface ConfigParts extends CredentialsParts { readonly defaults: () => Defaults }

/** The configuration of one scale trigger, with its credentials as they are now. */
export async function scalerConfig (object: Scaled, index: number, definition: AnyScaler, target: ObjectRef, parts: ConfigParts, maxAgeMs: number): Promise<ResolvedConfig> {
  const trigger = object.spec.triggers[index]
  if (trigger === undefined) throw new RangeError(`${object.metadata.name} has no trigger ${index}`)
  const defaults = parts.defaults()
  const known = settled.get(trigger)
  if (known?.defaults === defaults && known.definition === definition) return known.resolved
  const path = ['spec', 'triggers', index]
  const metadata = { ...standIns(definition, defaults), ...trigger.metadata }
  const credentials = await resolveCredentials({
    namespace: object.metadata.namespace, target, containerName: environmentContainer(object),
    authenticationRef: trigger.authenticationRef, path, maxAgeMs, needsEnv: readsEnvironment(metadata),
  }, parts)
  const resolved = settle(definition.config, metadata, credentials, {
    path: [...path, 'metadata'], mode: 'text', about: `"${definition.type}"`,
    unknownKeys: object.apiVersion === names.kedaApiVersion ? 'warning' : 'error',
  })
  if (trigger.authenticationRef === undefined && !readsEnvironment(metadata)) settled.set(trigger, { definition, defaults, resolved })
  return resolved
}

/** What comes without credentials and without an environment is made once, for as long as the defaults stand: thousands are resolved again and again. */
const settled = new WeakMap<Scaled['spec']['triggers'][number], { readonly definition: AnyScaler, readonly defaults: Defaults, readonly resolved: ResolvedConfig }>()

/** The configuration of a Trigger's source, with its credentials as they are now. */
export async function connectorConfig (trigger: Trigger, definition: AnyConnector, target: ObjectRef | undefined, parts: ConfigParts, maxAgeMs: number): Promise<ResolvedConfig> {
  const { key, values } = sourceOf(trigger)
  const path = ['spec', 'source', key]
  const metadata = { ...standIns(definition, parts.defaults()), ...values }
  const request: CredentialsRequest = { namespace: trigger.metadata.namespace, target, authenticationRef: trigger.spec.authenticationRef, path: ['spec'], maxAgeMs, needsEnv: readsEnvironment(metadata) }
  const credentials = await resolveCredentials(request, parts)
  return settle(definition.config, metadata, credentials, {
    path, mode: 'either', about: `"${definition.type}"`, unknownKeys: 'error',
  })
}

function settle (declared: ConfigSpec<unknown>, metadata: Values['metadata'], credentials: Credentials, options: ReadOptions): ResolvedConfig {
  const refusals = [...credentials.refusals, ...unmet(declared, credentials)]
  if (refusals.length > 0) return { ok: false, problems: refusals }
  const parsed = parseConfig(declared, { metadata, auth: credentials.auth, env: credentials.env, identity: credentials.identity }, options)
  if (parsed.ok) return { ok: true, config: parsed.value, digest: digest(parsed.value) }
  // What could not be resolved is most often why a parameter is missing: it comes first.
  return { ok: false, problems: [...credentials.problems, ...parsed.problems] }
}

/** Whether a `…FromEnv` is written: nothing else looks at the container's environment. */
const readsEnvironment = (metadata: Values['metadata']): boolean => Object.keys(metadata).some(key => key.endsWith('FromEnv'))

/** Credentials that were promised for a field of this plugin and could not be had: it must not come to its source without them. */
const unmet = ({ fields }: ConfigSpec<unknown>, { missing }: Credentials): readonly Problem[] => Object.entries(missing)
  .filter(([parameter]) => Object.entries(fields).some(([name, { options }]) => options.from?.includes('auth') === true && [name, ...options.aliases ?? []].includes(parameter)))
  .map(([, problem]) => problem)

/** Changes when any value does. Kept in memory only, beside the secrets themselves. */
function digest (config: unknown): string {
  return JSON.stringify(config, function (this: Readonly<Record<string, unknown>>, key: string, value: unknown) {
    const raw = this[key] // `value` has been through Secret's toJSON already, and is `***` whatever the secret
    return raw instanceof Secret ? raw.reveal() : value
  })
}
