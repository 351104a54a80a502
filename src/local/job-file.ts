import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { FinishedType } from '../core/scaling/jobs/types.js'
import type { EpochMs } from '../core/clock.js'
import { readIfThere, removeFile, replaceFile } from './files.js'
import type { JobWork } from './job-work.js'
import { fileNameOf } from './state-folder.js'

/** What is kept of a Job, from its creation until it is deleted. */
export interface JobFile {
  readonly namespace: string
  readonly name: string
  /** Name of the ScaledJob. */
  readonly owner: string
  readonly generation: string
  readonly createdAt: EpochMs
  readonly work: JobWork
  /** Starts so far; the present or last one has this number. */
  readonly attempt: number
  readonly failures: number
  readonly startedAt?: EpochMs
  readonly finished?: FinishedType
  readonly finishedAt?: EpochMs
}

const exitFile = '.exit'

/** Job files of a folder, `.exit` files beside them: the exit code of an attempt, written by the attempt itself, so that it is known whoever was looking. */
export class JobFiles {
  constructor (private readonly folder: string) {}

  write (job: JobFile): void { replaceFile(this.#file(job), JSON.stringify(job)) }

  remove (job: JobFile): void {
    removeFile(this.#file(job))
    for (let attempt = 1; attempt <= job.attempt; attempt++) removeFile(this.exitOf({ ...job, attempt }))
  }

  /** All that can be read; what a power cut spoiled is nobody's job any more. */
  all (): readonly JobFile[] {
    return readdirSync(this.folder).filter(name => !name.endsWith(exitFile) && !name.endsWith('.tmp')).flatMap(name => parse(readIfThere(join(this.folder, name)) ?? '') ?? [])
  }

  exitOf (job: JobFile): string { return `${this.#file(job)}.${job.attempt}${exitFile}` }

  /** Undefined: it did not end by itself, or nobody knows how. */
  exitCode (job: JobFile): number | undefined {
    const text = readIfThere(this.exitOf(job))?.trim() ?? ''
    return /^\d+$/.test(text) ? Number(text) : undefined
  }

  #file ({ namespace, name }: JobFile): string { return join(this.folder, fileNameOf(namespace, name)) }
}

function parse (text: string): JobFile | undefined {
  try {
    return JSON.parse(text) as JobFile
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
