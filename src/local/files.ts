import { readFileSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'

/**
 * Puts a whole file in place in one step: a reader, and whoever comes after a kill -9, finds the old text or the new one.
 * Synchronous on purpose: for records that must be on disk before the next step is taken; about 60 µs.
 */
export function replaceFile (file: string, text: string): void {
  const temporary = `${file}.${process.pid}.tmp`
  writeFileSync(temporary, text, { mode: 0o600 })
  renameSync(temporary, file)
}

/** The text of a file; undefined when there is none. */
export function readIfThere (file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw thrown
  }
}

/** Removes a file; nothing happens when there is none. Not rmSync, whose first call loads what removes whole trees: 20 ms of every start. */
export function removeFile (file: string): void {
  try {
    unlinkSync(file)
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown
  }
}
