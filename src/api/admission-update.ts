import { annotation } from '../core/names.js'
import { isMapping } from '../spec/read.js'

/** Annotations that the operator itself writes. */
const notWishes: ReadonlySet<string> = new Set([annotation('memory'), annotation('state')])

/**
 * Whether an update changes nothing that is checked: the spec and every annotation but the operator's own are as they were. Finalizers go and memory is
 * written whatever is wrong with the rest, and so does everything of an object that is being deleted.
 */
export function leavesWishes (object: unknown, old: unknown): boolean {
  if (!isMapping(object) || !isMapping(old)) return false
  const metadata = object['metadata']
  if (isMapping(metadata) && typeof metadata['deletionTimestamp'] === 'string') return true
  return isEqual(object['spec'], old['spec']) && isEqual(wishesOf(object), wishesOf(old))
}

function wishesOf ({ metadata }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const annotations = isMapping(metadata) && isMapping(metadata['annotations']) ? metadata['annotations'] : {}
  return Object.fromEntries(Object.entries(annotations).filter(([key]) => !notWishes.has(key)))
}

/** Of two values as they come from JSON; the order of keys says nothing. */
function isEqual (a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((element, i) => isEqual(element, b[i]))
  if (!isMapping(a) || !isMapping(b)) return a === b
  const keys = Object.keys(a)
  return keys.length === Object.keys(b).length && keys.every(key => Object.hasOwn(b, key) && isEqual(a[key], b[key]))
}
