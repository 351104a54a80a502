// One installation at a time, among processes: a folder as a lock, for making it is atomic. Plain JavaScript: the demo runs it before anything is built.
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Gives the way to release it. A lock whose holder is gone is taken over; who waits stops waiting when `isDone`. */
export async function lock (path, { onWait, isDone }) {
  await mkdir(dirname(path), { recursive: true })
  for (let said = false; !await isDone(); said = true) {
    try {
      await mkdir(path)
      await writeFile(join(path, 'pid'), String(process.pid))
      return () => rm(path, { recursive: true, force: true })
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
      if (await isStale(path)) await rm(path, { recursive: true, force: true })
      else if (!said) onWait()
    }
    await sleep(200)
  }
  return async () => undefined
}

/** A holder writes its pid right after making the folder; a folder without one for ten seconds has no holder. */
async function isStale (path) {
  try {
    process.kill(Number(await readFile(join(path, 'pid'), 'utf8')), 0)
    return false
  } catch (error) {
    if (error.code === 'ENOENT') return await olderThan(path, 10_000)
    return error.code === 'ESRCH'
  }
}

async function olderThan (path, ms) {
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }))
  return Date.now() - mtimeMs > ms
}
