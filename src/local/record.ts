import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { readIfThere, removeFile, replaceFile } from './files.js'
import { endingMark } from './guard.js'
import { parseProcessRef } from './lock.js'
import type { ProcessRef } from './process-identity.js'

/** What the next start must know of a running replica to adopt it. */
export interface ReplicaRecord {
  readonly name: string
  readonly namespace: string
  /** Its Deployment, or its ScaledJob. */
  readonly deployment: string
  /** The Job that it is a try of. */
  readonly job?: string
  readonly templateHash: string
  readonly process: ProcessRef
  readonly graceSeconds: number
  readonly port: number
  readonly startedAt: number
  readonly createdAt: number
  readonly isEnding: boolean
}

/** Puts a record in place. First line for the guard, second for us; on disk before anything else is done with the process. */
export function writeRecord (folder: string, record: ReplicaRecord): void {
  const { process, graceSeconds, isEnding: _, ...rest } = record
  replaceFile(join(folder, record.name), `${process.pid} ${process.identity} ${graceSeconds}\n${JSON.stringify(rest)}\n`)
}

/** From here on the replica counts no more, not for the next start either. */
export const markEnding = (folder: string, name: string): void => replaceFile(join(folder, name + endingMark), '')

export function removeRecord (folder: string, name: string): void {
  removeFile(join(folder, name))
  removeFile(join(folder, name + endingMark))
}

/** All records of a folder. A record that cannot be read is removed: it names nobody who could be adopted. */
export function readRecords (folder: string): readonly ReplicaRecord[] {
  const files = new Set(readdirSync(folder))
  return [...files].filter(name => !name.endsWith(endingMark) && !name.endsWith('.tmp')).flatMap(name => {
    const record = parseRecord(readIfThere(join(folder, name)) ?? '', files.has(name + endingMark))
    if (record === undefined) removeRecord(folder, name)
    return record ?? []
  })
}

function parseRecord (text: string, isEnding: boolean): ReplicaRecord | undefined {
  const [head = '', body = ''] = text.split('\n')
  const process = parseProcessRef(head)
  const graceSeconds = Number(head.split(' ')[2])
  if (process === undefined || !Number.isFinite(graceSeconds) || body === '') return undefined
  return { ...JSON.parse(body) as Omit<ReplicaRecord, 'process' | 'graceSeconds' | 'isEnding'>, process, graceSeconds, isEnding }
}
