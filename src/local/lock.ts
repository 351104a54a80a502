import { linkSync, renameSync, writeFileSync } from 'node:fs'
import { TidegateError } from '../core/errors.js'
import { readIfThere, removeFile } from './files.js'
import { identityOf, isRunning, type ProcessRef } from './process-identity.js'

/**
 * Takes the lock of a state folder for this process and returns what gives it back. A lock whose owner is gone is taken over.
 * Throws TG_STATE_LOCKED, naming owner and folder, while its owner runs.
 */
export function takeLock (file: string, folder: string): () => void {
  const mine: ProcessRef = { pid: process.pid, identity: identityOf(process.pid) ?? '' }
  const text = `${mine.pid} ${mine.identity}\n`
  for (let tries = 0; tries < 10; tries++) {
    if (createLock(file, text)) return () => { if (readIfThere(file) === text) removeFile(file) }
    const found = readIfThere(file)
    if (found === undefined) continue
    const owner = parseProcessRef(found)
    if (owner !== undefined && isRunning(owner)) {
      throw new TidegateError('TG_STATE_LOCKED', `process ${owner.pid} runs on ${folder}`,
        { hint: 'end that one first, or give this one a state folder of its own' })
    }
    moveAway(file, found)
  }
  throw new TidegateError('TG_STATE_LOCKED', `others keep taking the lock of ${folder}`, { hint: 'start one Tidegate on it' })
}

/** `PID IDENTITY`, as the first words of a lock or a replica's record. */
export function parseProcessRef (text: string): ProcessRef | undefined {
  const [pid, identity] = text.split(/\s+/, 2)
  return identity === undefined || !/^[1-9]\d*$/.test(pid ?? '') ? undefined : { pid: Number(pid), identity }
}

/** A lock appears with its text in it or not at all, so that nobody reads a half-made one as stale. */
function createLock (file: string, text: string): boolean {
  const draft = `${file}.${process.pid}`
  writeFileSync(draft, text, { mode: 0o600 })
  try {
    linkSync(draft, file)
    return true
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw thrown
  } finally {
    removeFile(draft)
  }
}

/** Moves a stale lock out of the way. If another starter was quicker and this is its new lock, it is put back. */
function moveAway (file: string, stale: string): void {
  const moved = `${file}.stale.${process.pid}`
  try {
    renameSync(file, moved)
    if (readIfThere(moved) !== stale) linkSync(moved, file)
  } catch (thrown) {
    if (!['ENOENT', 'EEXIST'].includes((thrown as NodeJS.ErrnoException).code ?? '')) throw thrown
  } finally {
    removeFile(moved)
  }
}
