import type { ObjectRef } from '../runtime/ports.js'

/** What became of one file that was edited while it was watched. */
export interface FileEdit {
  readonly file: string
  /** `taken`: objects of it changed; `mended`: it can be read again; `left`: it is there no more. */
  readonly how: 'taken' | 'mended' | 'left'
  /** Settings count as an object of kind Config. */
  readonly changes: readonly ObjectChange[]
}
export interface ObjectChange { readonly ref: ObjectRef, readonly what: 'added' | 'changed' | 'removed' }

/** All that a reading found, by the name of each file and object. */
export interface Snapshot {
  readonly files: ReadonlyMap<string, { readonly isBroken: boolean }>
  readonly objects: ReadonlyMap<string, { readonly ref: ObjectRef, readonly file: string, readonly text: string }>
}

/** The edits that lead from one reading to the next, in the order of the files. A file that is broken now is no edit: its problems are told. */
export function editsBetween (before: Snapshot, after: Snapshot): readonly FileEdit[] {
  const changes = new Map<string, ObjectChange[]>()
  const add = (file: string, change: ObjectChange): void => { changes.set(file, [...changes.get(file) ?? [], change]) }
  for (const [key, { ref, file, text }] of after.objects) {
    const known = before.objects.get(key)
    if (known?.text !== text) add(file, { ref, what: known === undefined ? 'added' : 'changed' })
  }
  for (const [key, { ref, file }] of before.objects) if (!after.objects.has(key)) add(file, { ref, what: 'removed' })
  return [...new Set([...before.files.keys(), ...after.files.keys()])].flatMap(file => {
    const how = howOf(before.files.get(file), after.files.get(file))
    const own = changes.get(file) ?? []
    return how === 'taken' && own.length === 0 ? [] : [{ file, how, changes: own }]
  })
}

function howOf (before: { readonly isBroken: boolean } | undefined, after: { readonly isBroken: boolean } | undefined): FileEdit['how'] {
  if (after === undefined) return 'left'
  return before?.isBroken === true && !after.isBroken ? 'mended' : 'taken'
}
