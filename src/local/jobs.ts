import { generationOf, type ScaledJob } from '../api/index.js'
import { TidegateError } from '../core/errors.js'
import type { JobView } from '../core/scaling/jobs/types.js'
import { refKey, type JobRunner, type ObjectRef } from '../runtime/ports.js'
import { formatProblem, type Problem } from '../spec/problem.js'
import { JobFiles, type JobFile } from './job-file.js'
import { JobRun, type JobRunParts } from './job-run.js'
import { jobWork } from './job-work.js'
import { inBackground } from './parts.js'
import type { ReplicaRecord } from './record.js'
import { watchers } from './watchers.js'

export interface LocalJobsParts extends Omit<JobRunParts, 'files' | 'changed' | 'complained'> {
  readonly isStrict: boolean
}

/** Jobs on one machine: each is a process group that is run to its end, and what is known of it is on disk. */
export class LocalJobs implements JobRunner {
  readonly #parts: LocalJobsParts
  readonly #files: JobFiles
  readonly #runs = new Map<string, JobRun>()
  readonly #watchers = watchers()
  readonly #leaving = new Set<Promise<void>>()
  readonly #ageing = new AbortController()
  #isOpen = false

  constructor (parts: LocalJobsParts) {
    this.#parts = parts
    this.#files = new JobFiles(parts.folder.jobs)
  }

  /** Logs that are being written. */
  get logs (): readonly string[] { return [...this.#runs.values()].flatMap(run => run.log ?? []) }

  /** Takes up the jobs of an earlier Tidegate: those that run, and those that do not once `ended` resolves: by then what was being ended is gone. */
  open (running: readonly ReplicaRecord[], ended: Promise<unknown>): void {
    for (const file of this.#files.all()) {
      const run = this.#made(file)
      const record = running.find(({ job, namespace }) => job === file.name && namespace === file.namespace)
      if (file.finished !== undefined) this.#age(run)
      else if (record !== undefined) run.start(record)
      else inBackground(ended.then(() => run.start()), this.#parts.log, 'could not go on with a job')
    }
    this.#isOpen = true
    this.#watchers.changed()
  }

  problems (scaledJob: ScaledJob): readonly Problem[] { return jobWork(scaledJob, this.#parts.isStrict).problems }

  watch ({ metadata: { namespace, name } }: ScaledJob, listener: (jobs: readonly JobView[] | undefined) => void): () => void {
    return this.#watchers.add(() => this.#isOpen ? this.#of({ namespace, name }).map(run => run.view) : undefined, listener)
  }

  async create (scaledJob: ScaledJob, name: string): Promise<boolean> {
    const { metadata: { namespace, name: owner } } = scaledJob
    if (this.#runs.has(keyOf({ namespace, name }))) return true
    const { work, problems } = jobWork(scaledJob, this.#parts.isStrict)
    if (work === undefined) throw new TidegateError('TG_TARGET_START_FAILED', problems.map(formatProblem).join('; '))
    const file: JobFile = { namespace, name, owner, generation: generationOf(scaledJob), createdAt: this.#parts.clock.now(), work, attempt: 0, failures: 0 }
    this.#files.write(file)
    this.#made(file).start()
    this.#watchers.changed()
    return true
  }

  async delete ({ metadata: { namespace } }: ScaledJob, name: string, propagation: 'foreground' | 'background'): Promise<void> {
    const run = this.#runs.get(keyOf({ namespace, name }))
    if (run !== undefined) this.#end(run, propagation === 'foreground')
  }

  retain (scaledJobs: readonly ObjectRef[]): void {
    const owners = new Set(scaledJobs.map(refKey))
    for (const run of this.#runs.values()) if (!owners.has(refKey({ apiVersion: '', kind: 'ScaledJob', namespace: run.file.namespace, name: run.file.owner }))) this.#end(run, false)
  }

  abandon (scaledJob: ObjectRef): void { for (const run of this.#of(scaledJob)) this.#end(run, false) }

  /** Ends what runs; the next Tidegate starts it again. */
  async stop (): Promise<void> {
    this.#ageing.abort()
    await Promise.all([...[...this.#runs.values()].map(run => run.stop()), ...this.#leaving])
  }

  letGo (): void {
    this.#ageing.abort()
    for (const run of this.#runs.values()) run.letGo()
  }

  #of ({ namespace, name }: { readonly namespace: string, readonly name: string }): readonly JobRun[] {
    return [...this.#runs.values()].filter(({ file }) => file.namespace === namespace && file.owner === name)
  }

  #made (file: JobFile): JobRun {
    const run: JobRun = new JobRun(file, {
      ...this.#parts, files: this.#files,
      changed: () => {
        this.#watchers.changed()
        if (run.file.finished !== undefined) this.#age(run)
      },
      complained: note => this.#parts.events.emit({ apiVersion: '', kind: 'ScaledJob', namespace: file.namespace, name: file.owner }, { type: 'Warning', reason: 'JobTrouble', note }),
    })
    this.#runs.set(keyOf(file), run)
    return run
  }

  /** `ttlSecondsAfterFinished`. */
  #age (run: JobRun): void {
    const { work: { keptMs }, finishedAt = 0 } = run.file
    if (keptMs === undefined) return
    const wait = this.#parts.clock.sleep(Math.max(0, finishedAt + keptMs - this.#parts.clock.now()), this.#ageing.signal)
    inBackground(wait.then(() => { if (!this.#ageing.signal.aborted && this.#runs.get(keyOf(run.file)) === run) this.#end(run, false) }), this.#parts.log, 'could not remove a job')
  }

  /** `isSeen`: it is among the jobs until nothing of it runs. */
  #end (run: JobRun, isSeen: boolean): void {
    const leave = (): void => { this.#runs.delete(keyOf(run.file)); this.#watchers.changed() }
    if (!isSeen) leave()
    const ending = run.end().then(leave).finally(() => { this.#leaving.delete(ending) })
    this.#leaving.add(ending)
    inBackground(ending, this.#parts.log, 'could not end a job')
  }
}

const keyOf = ({ namespace, name }: { readonly namespace: string, readonly name: string }): string => `${namespace}/${name}`
