import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs'
import { copyFile, readdir, rm, stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'

/** A log holds at most this much, and one older part beside it (`NAME.log.1`) as much again. */
export const maxLogBytes = 10 * 1024 * 1024

/** Opens a log for appending. Its descriptor goes to the process itself, so that its output outlives us; close it after the start. */
export const openLog = (file: string): number => openSync(file, 'a', 0o600)

/**
 * Keeps a log within its bound: the full part is copied to `FILE.1`, then cut. The writer has the file open for appending and goes on
 * at the new end. Lines written between copy and cut (a millisecond or two each 10 MB) are lost; a pipe would lose the worker instead.
 */
export async function boundLog (file: string, maxBytes = maxLogBytes): Promise<void> {
  try {
    if ((await stat(file)).size <= maxBytes) return
    await copyFile(file, `${file}.1`)
    await truncate(file, 0)
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown
  }
}

/**
 * The line that says why a process ended, at most 300 characters: the last one with text in it, or, where Node wrote an uncaught error
 * down, the error's own. Empty when there is none.
 */
export function lastWords (file: string): string {
  const lines = tail(file).trimEnd().split('\n').map(line => line.trim())
  const last = lines.at(-1) ?? ''
  const thrown = /^Node\.js v\d/.test(last) ? lines.findLast(line => /^(Uncaught )?[\w.$]*(Error|Exception)\b/.test(line)) : undefined
  return (thrown ?? last).slice(0, 300)
}

function tail (file: string): string {
  if (!existsSync(file)) return ''
  const fd = openSync(file, 'r')
  try {
    const size = fstatSync(fd).size
    const buffer = Buffer.alloc(Math.min(size, 4096))
    readSync(fd, buffer, 0, buffer.length, size - buffer.length)
    return buffer.toString('utf8')
  } finally {
    closeSync(fd)
  }
}

/** Removes the oldest logs of a folder beyond `keep`, those of `living` replicas left out. */
export async function pruneLogs (folder: string, living: ReadonlySet<string>, keep: number): Promise<void> {
  const ended = (await readdir(folder)).filter(name => name.endsWith('.log') && !living.has(join(folder, name)))
  const dated = await Promise.all(ended.map(async name => ({ file: join(folder, name), at: (await stat(join(folder, name))).mtimeMs })))
  dated.sort((a, b) => b.at - a.at)
  for (const { file } of dated.slice(keep)) await Promise.all([rm(file, { force: true }), rm(`${file}.1`, { force: true })])
}
