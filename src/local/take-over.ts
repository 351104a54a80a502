import { rmSync } from 'node:fs'
import { removeFile } from './files.js'
import { dismissEarlierGuard } from './guard.js'
import { takeLock } from './lock.js'
import { inBackground, type LocalParts } from './parts.js'
import { adopt, endGroup, killGroup } from './process-group.js'
import { isRunning, mayHaveLeftGroup } from './process-identity.js'
import { markEnding, readRecords, removeRecord, type ReplicaRecord } from './record.js'
import { makeFolders } from './state-folder.js'

export interface TakenOver {
  /** Running replicas of an earlier Tidegate, to be adopted. */
  readonly replicas: readonly ReplicaRecord[]
  /** Those that were being ended when it went away; their end goes on. */
  readonly ending: readonly Promise<void>[]
  readonly unlock: () => void
}

/**
 * Makes the state folder ours: lock, then the guard of an earlier Tidegate away, then its records sorted. A record whose process is gone, or whose number is another
 * process now, is dropped. `isFresh` ends what still runs and empties the folder. Throws TG_STATE_LOCKED.
 */
export async function takeOverFolder (parts: LocalParts, isFresh: boolean): Promise<TakenOver> {
  const { folder, clock, log } = parts
  makeFolders(folder)
  const unlock = takeLock(folder.lock, folder.path)
  await dismissEarlierGuard(folder, ms => clock.sleep(ms))
  const running: ReplicaRecord[] = []
  const ending: Promise<void>[] = []
  for (const record of readRecords(folder.replicas)) {
    if (!isRunning(record.process)) {
      // The first process ended while nobody looked; what it started goes with it, unless its number is somebody else's by now.
      if (mayHaveLeftGroup(record.process)) await killGroup({ ref: record.process, ended: Promise.resolve('') }, clock)
      removeRecord(folder.replicas, record.name)
    } else if (record.isEnding || isFresh) ending.push(endOrphan(record, parts))
    else running.push(record)
  }
  if (isFresh) {
    await Promise.all(ending)
    for (const path of [folder.replicas, folder.deployments, folder.jobs, folder.services, folder.values, folder.logs]) rmSync(path, { recursive: true })
    makeFolders(folder)
  }
  for (const end of ending) inBackground(end, log, 'could not end a replica')
  return { replicas: running, ending, unlock: () => { unlock(); removeFile(folder.guard) } }
}

/** Ends a replica that no Deployment has any more. */
export async function endOrphan (record: ReplicaRecord, { folder, clock }: LocalParts): Promise<void> {
  markEnding(folder.replicas, record.name)
  const following = new AbortController()
  await endGroup(adopt(record.process, clock, following.signal), record.graceSeconds * 1000, clock)
  following.abort()
  removeRecord(folder.replicas, record.name)
}
