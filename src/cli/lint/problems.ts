import { notRunnable } from '../../api/index.js'
import type { Contents, Entry } from '../../manifest/index.js'
import { checkPromises, checkResource, type Checked } from '../../registry/check.js'
import type { Registry } from '../../registry/registry.js'
import { didYouMean, type Problem } from '../../spec/index.js'
import { isMapping } from '../../spec/read.js'
import { crossProblems } from './cross-problems.js'
import { namesFor, neighboursOf, type Neighbours } from './neighbours.js'

/** Everything that can be found wrong in a folder without a cluster, a broker or a secret. */
export function problemsOf (contents: Contents, registry: Registry): readonly Problem[] {
  const near = neighboursOf(contents)
  const defaults = contents.config?.defaults ?? {}
  return [
    ...contents.entries.flatMap(entry => entryProblems(entry, near, registry, defaults)),
    ...crossProblems(near),
    ...unknownDefaults(Object.keys(defaults), registry, contents),
  ]
}

type Defaults = Readonly<Record<string, Readonly<Record<string, unknown>>>>

function entryProblems (entry: Entry, near: Neighbours, registry: Registry, defaults: Defaults): readonly Problem[] {
  if (entry.role === 'other') return []
  if (entry.role === 'workload') return entry.parsed.problems
  const written: Checked = isMapping(entry.raw) ? entry.raw : {}
  const plugins = checkResource(written, entry.origin, {
    registry, defaults, unknownKedaKeys: 'error', names: ref => namesFor(entry.raw, entry.ref.namespace, ref, near),
  })
  const runnable = entry.parsed.ok ? notRunnable(entry.parsed.value) : []
  return [...entry.parsed.problems, ...runnable, ...plugins, ...checkPromises(written, entry.origin, registry)]
}

function unknownDefaults (keys: readonly string[], registry: Registry, contents: Contents): readonly Problem[] {
  const known = [...new Set([...registry.scalers, ...registry.connectors].flatMap(d => d.defaultsKey ?? []))]
  const origin = contents.configOrigin
  return keys.filter(key => !known.includes(key)).map(key => {
    const hint = didYouMean(key, known)
    return { code: 'TG_CONFIG_UNKNOWN_FIELD', severity: 'error', path: ['defaults', key], message: 'nothing takes defaults of this name', ...(hint === undefined ? {} : { hint }), ...(origin === undefined ? {} : { origin }) }
  })
}
