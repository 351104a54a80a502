import type { FileEdit } from '../manifest/index.js'
import type { ObjectRef } from '../runtime/ports.js'

/** More objects than these are counted, not named. */
const namedObjects = 4

/** `taken: Deployment worker changed, Secret s added`. Undefined: nothing of the edit was taken. */
export function editNote ({ how, changes }: FileEdit): string | undefined {
  if (how === 'taken' && changes.length === 0) return undefined
  const named = changes.slice(0, namedObjects).map(({ ref, what }) => `${nameOf(ref)} ${what}`)
  if (changes.length > namedObjects) named.push(`${changes.length - namedObjects} more`)
  return named.length > 0 ? `${how}: ${named.join(', ')}` : how
}

const nameOf = ({ kind, namespace, name }: ObjectRef): string => `${kind} ${namespace === '' || namespace === 'default' ? '' : `${namespace}/`}${name}`
