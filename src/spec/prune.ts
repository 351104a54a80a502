import type { Field } from './field.js'
import type { Path } from './problem.js'
import { isMapping } from './read.js'

/** A value without the keys that its declaration does not name, and where those keys were. */
export interface Pruned { readonly kept: unknown, readonly ignored: readonly Path[] }

/** For objects that others own: what is not declared is left out and listed, never a problem. Open objects lose nothing. */
export function prune (field: Field<unknown>, raw: unknown, path: Path = []): Pruned {
  if (field.kind === 'list' && field.item !== undefined && Array.isArray(raw)) {
    const item = field.item
    const elements = raw.map((element, i) => prune(item, element, [...path, i]))
    return { kept: elements.map(e => e.kept), ignored: elements.flatMap(e => e.ignored) }
  }
  if (field.kind !== 'object' || field.open === true || !isMapping(raw)) return { kept: raw, ignored: [] }
  const kept: Record<string, unknown> = {}
  const ignored: Path[] = []
  for (const [key, value] of Object.entries(raw)) {
    const inner = field.fields?.[key]
    if (inner === undefined) { ignored.push([...path, key]); continue }
    const pruned = prune(inner, value, [...path, key])
    kept[key] = pruned.kept
    ignored.push(...pruned.ignored)
  }
  return { kept, ignored }
}
