import { isConfig, isResource, isWorkload, readConfig, readResource, readWorkload, type Resource, type TidegateConfig, type Workload } from '../api/index.js'
import type { ObjectRef } from '../runtime/ports.js'
import type { Parsed, Problem } from '../spec/index.js'
import { isMapping } from '../spec/read.js'
import { isSettingsFile, type Folder } from './folder.js'
import type { FileOrigin, Manifest } from './parse.js'

/** One manifest, told apart and read. */
export type Entry = Manifest & { readonly ref: ObjectRef } & (
  | { readonly role: 'resource', readonly parsed: Parsed<Resource> }
  | { readonly role: 'workload', readonly parsed: Parsed<Workload> }
  /** A kind that nothing here reads: Ingress, ConfigMap of another group … */
  | { readonly role: 'other' })

export interface Contents {
  readonly entries: readonly Entry[]
  /** Undefined: there are settings, and they cannot be read. */
  readonly config: TidegateConfig | undefined
  /** Of the settings read last. */
  readonly configOrigin: FileOrigin | undefined
  /** Problems that belong to no object: syntax, duplicates, documents that are no objects, settings. */
  readonly problems: readonly Problem[]
}

/** Sorts what a folder holds. Of two objects of one name the first is kept. */
export function contentsOf (folder: Folder): Contents {
  const entries = new Map<string, Entry>()
  const problems: Problem[] = [...folder.problems]
  let config: TidegateConfig | undefined = folder.files.some(f => isSettingsFile(f.file) && f.problems.length > 0) ? undefined : { defaults: {} }
  let configOrigin: FileOrigin | undefined
  for (const manifest of folder.manifests) {
    if (isConfig(manifest.raw) || isSettings(manifest)) {
      const parsed = readConfig(manifest.raw, manifest.origin)
      problems.push(...parsed.problems)
      configOrigin = manifest.origin
      config = parsed.ok && config !== undefined ? { defaults: { ...config.defaults, ...parsed.value.defaults } } : undefined
      continue
    }
    const entry = entryOf(manifest)
    if (entry === undefined) { problems.push(noObject(manifest)); continue }
    const key = refText(entry.ref)
    const first = entries.get(key)
    if (first === undefined) entries.set(key, entry)
    else problems.push(duplicate(entry, first))
  }
  return { entries: [...entries.values()], config, configOrigin, problems }
}

/** Group and name: a keda.sh ScaledObject and a tidegate.dev one of the same name are two objects. */
export const refText = (ref: ObjectRef): string => `${ref.apiVersion.split('/')[0] ?? ''} ${ref.kind} ${ref.namespace}/${ref.name}`

const isSettings = ({ raw, origin }: Manifest): boolean => isSettingsFile(origin.file) && !(isMapping(raw) && 'kind' in raw)

function entryOf (manifest: Manifest): Entry | undefined {
  const ref = refOf(manifest.raw)
  if (ref === undefined) return undefined
  const { raw, origin } = manifest
  if (isResource(raw)) return { ...manifest, ref, role: 'resource', parsed: readResource(raw, origin) }
  if (isWorkload(raw)) return { ...manifest, ref, role: 'workload', parsed: readWorkload(raw, origin) }
  return { ...manifest, ref, role: 'other' }
}

/** Undefined for what is no Kubernetes object at all. A name that is missing is left empty; reading says so. */
function refOf (raw: unknown): ObjectRef | undefined {
  if (!isMapping(raw) || typeof raw['apiVersion'] !== 'string' || typeof raw['kind'] !== 'string') return undefined
  const metadata = isMapping(raw['metadata']) ? raw['metadata'] : {}
  const { name, namespace } = metadata
  const isClusterWide = raw['kind'].startsWith('Cluster')
  return {
    apiVersion: raw['apiVersion'], kind: raw['kind'],
    namespace: isClusterWide ? '' : typeof namespace === 'string' ? namespace : 'default', name: typeof name === 'string' ? name : '',
  }
}

function noObject ({ origin }: Manifest): Problem {
  return { code: 'TG_CONFIG_UNKNOWN_KIND', severity: 'warning', path: [], message: 'has no apiVersion and kind, and is not read', hint: 'add both, or keep the file elsewhere', origin }
}

function duplicate (entry: Entry, first: { readonly origin: FileOrigin }): Problem {
  const { line } = first.origin.locate([])
  return {
    code: 'TG_CONFIG_DUPLICATE', severity: 'error', path: ['metadata', 'name'], origin: entry.origin,
    message: `${entry.ref.kind} "${entry.ref.name}" is in ${first.origin.file}:${line} too`, hint: 'the first is kept; rename or remove one',
  }
}
