import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { boundLog, pruneLogs } from './log-file.js'
import { inBackground, type LocalParts } from './parts.js'

const lookMs = 5000
/** Logs of ended replicas that are kept, a Deployment. */
const keptLogs = 10

/** Keeps the logs of `living` replicas within their bound, and the newest few of those that ended. Looks every 5 s while anything lives, until the signal aborts. */
export function logKeeper ({ clock, folder, log }: LocalParts, living: () => ReadonlySet<string>, signal: AbortSignal): void {
  const tidy = async (): Promise<void> => {
    const files = living()
    if (files.size === 0) return
    for (const file of files) await boundLog(file)
    for (const name of await readdir(folder.logs)) await pruneLogs(join(folder.logs, name), files, keptLogs)
  }
  const look = (): void => {
    if (signal.aborted) return
    inBackground(tidy(), log, 'could not tidy the logs')
    const takeBack = clock.after(lookMs, () => {
      signal.removeEventListener('abort', takeBack)
      look()
    })
    signal.addEventListener('abort', takeBack, { once: true })
  }
  look()
}
