import type { Data, EnvFrom, EnvVar, PodContainer } from '../runtime/ports.js'
import { expandVariables } from './expand.js'

/** Looks a Secret or ConfigMap up among the manifests. */
export type LookUp = (kind: 'Secret' | 'ConfigMap', name: string) => Data | undefined

export interface EnvironmentInput {
  readonly container: PodContainer
  readonly lookUp: LookUp
  /** What is there before anything declared, weakest first: PATH, HOME, LANG, HOSTNAME, the Services, PORT. */
  readonly given: ReadonlyMap<string, string>
}

/** What a container's process sees, and in words what it declares and nobody can give. */
export interface Environment { readonly variables: ReadonlyMap<string, string>, readonly missing: readonly string[] }

/**
 * The environment of a container by kubelet's order: `envFrom` as listed, then `env` as listed, later entries win, and a value's `$(VAR)` sees
 * what stands before it. Keys of `envFrom` that are no variable names are left out, as kubelet does.
 */
export function resolveEnvironment ({ container, lookUp, given }: EnvironmentInput): Environment {
  const variables = new Map(given)
  const missing: string[] = []
  for (const source of container.envFrom) {
    for (const [name, value] of readSource(source, lookUp, missing)) variables.set(name, value)
  }
  for (const entry of container.env) {
    const value = readEntry(entry, lookUp, missing)
    if (value !== undefined) variables.set(entry.name, entry.valueFrom === undefined ? expandVariables(value, variables) : value)
  }
  return { variables, missing }
}

function readSource (source: EnvFrom, lookUp: LookUp, missing: string[]): [string, string][] {
  const [kind, ref] = source.secretRef === undefined ? ['ConfigMap', source.configMapRef] as const : ['Secret', source.secretRef] as const
  if (ref === undefined) return []
  const data = lookUp(kind, ref.name)
  if (data === undefined && ref.optional !== true) missing.push(`${kind} ${ref.name} does not exist`)
  return Object.entries(data ?? {})
    .map(([key, value]): [string, string] => [(source.prefix ?? '') + key, value])
    .filter(([name]) => /^[A-Za-z_.-][\w.-]*$/.test(name))
}

function readEntry (entry: EnvVar, lookUp: LookUp, missing: string[]): string | undefined {
  const { secretKeyRef, configMapKeyRef } = entry.valueFrom ?? {}
  const [kind, ref] = secretKeyRef === undefined ? ['ConfigMap', configMapKeyRef] as const : ['Secret', secretKeyRef] as const
  if (ref === undefined) return entry.valueFrom === undefined ? entry.value ?? '' : undefined
  const data = lookUp(kind, ref.name)
  const value = data?.[ref.key]
  if (value === undefined && ref.optional !== true) {
    missing.push(data === undefined ? `${kind} ${ref.name} does not exist` : `${kind} ${ref.name} has no key ${ref.key}`)
  }
  return value
}

/** A Service's variables, as kubelet names them: `orders-db` gives `ORDERS_DB_SERVICE_HOST`. Ports in their declared order. */
export function serviceVariables (name: string, ports: readonly { readonly name: string | undefined, readonly port: number }[]): readonly EnvVar[] {
  const prefix = `${name.toUpperCase().replaceAll('-', '_')}_SERVICE`
  const [first] = ports
  if (first === undefined) return []
  return [
    { name: `${prefix}_HOST`, value: '127.0.0.1' },
    { name: `${prefix}_PORT`, value: String(first.port) },
    ...ports.flatMap(({ name, port }) =>
      name === undefined ? [] : [{ name: `${prefix}_PORT_${name.toUpperCase().replaceAll('-', '_')}`, value: String(port) }]),
  ]
}

/** All that a process gets of our own environment. */
export function passedOn (env: NodeJS.ProcessEnv): ReadonlyMap<string, string> {
  return new Map(['PATH', 'HOME', 'LANG'].flatMap(name => env[name] === undefined ? [] : [[name, env[name]] as const]))
}
