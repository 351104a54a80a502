import { TidegateError } from '../../core/errors.js'
import type { Data, EnvFrom, EnvVar, PodContainer } from '../ports.js'

type Holder = 'Secret' | 'ConfigMap'

/** Reads what a namespace's objects hold. Undefined: there is no such object. Rejects with TG_REF_FORBIDDEN where we may not look, otherwise where nobody could be asked. */
export interface Vault { read(kind: Holder, namespace: string, name: string): Promise<Data | undefined> }

/** Told of what is referenced and cannot be had. */
export type Tell = (message: string, hint: string) => void

/** The environment of a container as a kubelet would set it (keda.md c.2), as far as it does not depend on the pod. */
export async function environmentOf (container: PodContainer | undefined, namespace: string, vault: Vault, tell: Tell): Promise<Record<string, string>> {
  const env: Record<string, string> = {}
  for (const source of container?.envFrom ?? []) Object.assign(env, await envFrom(source, namespace, vault, tell))
  for (const variable of container?.env ?? []) {
    const value = await envValue(variable, env, namespace, vault, tell)
    if (value !== undefined) env[variable.name] = value
  }
  return env
}

/** The object's data; undefined where it is not there or not to be read, which is told unless the reference is optional. */
export async function dataOf (kind: Holder, namespace: string, name: string, vault: Vault, tell: Tell, optional = false): Promise<Data | undefined> {
  try {
    const data = await vault.read(kind, namespace, name)
    if (data === undefined && !optional) tell(`${kind} ${namespace}/${name} does not exist`, 'create it, or mark the reference optional')
    return data
  } catch (error) {
    if (!(error instanceof TidegateError) || error.code !== 'TG_REF_FORBIDDEN') throw error
    if (!optional) tell(error.message, error.hint ?? '')
    return undefined
  }
}

async function envFrom ({ prefix = '', secretRef, configMapRef }: EnvFrom, namespace: string, vault: Vault, tell: Tell): Promise<Record<string, string>> {
  const ref = secretRef ?? configMapRef
  if (ref === undefined) return {}
  const data = await dataOf(secretRef === undefined ? 'ConfigMap' : 'Secret', namespace, ref.name, vault, tell, ref.optional)
  return Object.fromEntries(Object.entries(data ?? {}).map(([key, value]) => [prefix + key, value]))
}

async function envValue ({ name, value, valueFrom }: EnvVar, env: Readonly<Record<string, string>>, namespace: string, vault: Vault, tell: Tell): Promise<string | undefined> {
  if (valueFrom === undefined) return expand(value ?? '', env)
  const ref = valueFrom.secretKeyRef ?? valueFrom.configMapKeyRef
  if (ref === undefined) return undefined // fieldRef, resourceFieldRef: known to the pod alone
  const kind = valueFrom.secretKeyRef === undefined ? 'ConfigMap' : 'Secret'
  const data = await dataOf(kind, namespace, ref.name, vault, (message, hint) => tell(`variable ${name}: ${message}`, hint), ref.optional)
  if (data !== undefined && data[ref.key] === undefined && ref.optional !== true) tell(`variable ${name}: ${kind} ${namespace}/${ref.name} has no key ${ref.key}`, `keys: ${Object.keys(data).join(', ')}`)
  return data?.[ref.key]
}

/** `$(VAR)` of variables resolved before; `$$` is a dollar; what is not known stays as it is. */
function expand (text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([^)]*)\)/g, (whole, name: string | undefined) => name === undefined ? '$' : env[name] ?? whole)
}
