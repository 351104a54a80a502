import { notRunnable, readResource, type Resource } from '../../api/index.js'
import type { Contents, Entry } from '../../manifest/index.js'
import { checkPromises, checkResource, type CheckContext, type Checked } from '../../registry/check.js'
import type { Registry } from '../../registry/registry.js'
import { didYouMean, type Origin, type Parsed, type Problem } from '../../spec/index.js'
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
  return objectProblems(entry, { registry, defaults, unknownKedaKeys: 'error', names: ref => namesFor(entry.raw, entry.ref.namespace, ref, near) })
}

/** What is wrong with one object of our kinds by itself. */
function objectProblems ({ raw, parsed, origin }: { readonly raw: unknown, readonly parsed: Parsed<Resource>, readonly origin: Origin }, context: CheckContext): readonly Problem[] {
  const written: Checked = isMapping(raw) ? raw : {}
  return [...parsed.problems, ...parsed.ok ? notRunnable(parsed.value) : [], ...checkResource(written, origin, context), ...checkPromises(written, origin, context.registry)]
}

/** The same for an object that is about to be written into a cluster. What credentials provide is known when they are resolved, and KEDA's unknown keys stop nobody. */
export function admissionCheck (registry: Registry, defaults: () => Defaults): (raw: Readonly<Record<string, unknown>>) => readonly Problem[] {
  const origin: Origin = { kind: 'cluster', cluster: '' }
  return raw => objectProblems({ raw, parsed: readResource(raw, origin), origin },
    { registry, defaults: defaults(), unknownKedaKeys: 'warning', names: ref => ref === undefined ? { auth: [] } : {} })
}

function unknownDefaults (keys: readonly string[], registry: Registry, contents: Contents): readonly Problem[] {
  const known = [...new Set([...registry.scalers, ...registry.connectors].flatMap(d => d.defaultsKey ?? []))]
  const origin = contents.configOrigin
  return keys.filter(key => !known.includes(key)).map(key => {
    const hint = didYouMean(key, known)
    return { code: 'TG_CONFIG_UNKNOWN_FIELD', severity: 'error', path: ['defaults', key], message: 'nothing takes defaults of this name', ...(hint === undefined ? {} : { hint }), ...(origin === undefined ? {} : { origin }) }
  })
}
