import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { StateStore } from '../runtime/ports.js'
import { readIfThere, removeFile, replaceFile } from './files.js'

/**
 * StateStore on a folder: one file a key, put in place by rename. A write resolves when it would survive kill -9 (not a power
 * cut: nothing is synced). Writes to one key in one turn of the loop become one. `epoch` must differ from start to
 * start, so that a version never comes back after a deletion. One store a folder at a time: the lock sees to that.
 */
export function fileStore (folder: string, epoch: string): StateStore {
  const entries = new Map<string, Entry | undefined>()
  const dirty = new Set<string>()
  let writes = 0
  let flushing: Promise<void> | undefined
  let next: Promise<void> | undefined

  function entry (key: string): Entry | undefined {
    if (!entries.has(key)) entries.set(key, readEntry(fileOf(folder, key), key))
    return entries.get(key)
  }
  function put (key: string, value: Entry | undefined): Promise<void> {
    entries.set(key, value)
    dirty.add(key)
    // What is put during a flush waits for the next one, which takes all that has gathered by then.
    next ??= Promise.allSettled([flushing]).then(nextTurn).then(() => {
      next = undefined
      flushing = flush()
      return flushing
    })
    return next
  }
  async function flush (): Promise<void> {
    let written = 0
    for (const key of [...dirty]) {
      writeEntry(fileOf(folder, key), key, entries.get(key)) // one that throws stays dirty: a later flush tries it again
      dirty.delete(key)
      // Synchronous writes cost a tenth of those through the thread pool; a long row of them must not stop the loop.
      if (++written % 16 === 0) await nextTurn()
    }
  }

  return {
    get: async key => entry(key),
    async compareAndSet (key, version, value) {
      if (entry(key)?.version !== version) return false
      await put(key, { value, version: `${epoch}.${++writes}` })
      return true
    },
    async delete (key) {
      if (entry(key) !== undefined) await put(key, undefined)
    },
  }
}

interface Entry { readonly value: string, readonly version: string }

/** Keys are any text: a short one is its own file name, a long one goes by its digest. */
function fileOf (folder: string, key: string): string {
  const name = encodeURIComponent(key).replaceAll('.', '%2E')
  return join(folder, name.length <= 120 ? `${name}.json` : `${createHash('sha256').update(key).digest('hex')}.json`)
}

/** A file that cannot be understood counts as absent: rename leaves no half-written one, so only a power cut makes such a file. */
function readEntry (file: string, key: string): Entry | undefined {
  const text = readIfThere(file)
  if (text === undefined) return undefined
  try {
    const read = JSON.parse(text) as Partial<Entry> & { readonly key?: string }
    return read.key === key && typeof read.value === 'string' && typeof read.version === 'string'
      ? { value: read.value, version: read.version }
      : undefined
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined
    throw thrown
  }
}

function writeEntry (file: string, key: string, entry: Entry | undefined): void {
  if (entry === undefined) removeFile(file)
  else replaceFile(file, JSON.stringify({ key, ...entry }))
}
