import type { ScaledJob } from '../../api/index.js'
import { beyondHistory, outdatedJobs, type HistoryLimits } from '../../core/scaling/jobs/cleanup.js'
import { jobsText } from '../../core/scaling/jobs/decide.js'
import { settled, type JobsMemory } from '../../core/scaling/jobs/memory.js'
import { jobNames } from '../../core/scaling/jobs/names.js'
import type { JobsDecision, JobView } from '../../core/scaling/jobs/types.js'
import { errorMessage, TidegateError } from '../../core/errors.js'
import { JobMemory } from './job-memory.js'
import { refKey, type Clock, type Counter, type EventSink, type JobRunner, type Log, type ObjectRef, type StateStore } from '../ports.js'

export interface JobKeeperParts {
  readonly ref: ObjectRef
  readonly jobs: JobRunner
  readonly state: StateStore
  readonly clock: Clock
  readonly log: Log
  readonly events: EventSink
  readonly created: { readonly ok: Counter, readonly failed: Counter }
}

export interface CleanUp {
  readonly generation: string
  readonly limits: HistoryLimits
  readonly rollout: { readonly strategy: 'gradual' | 'immediate', readonly propagation: 'foreground' | 'background' }
}

/** Jobs that are asked for at once. */
const width = 8

/** Creates and deletes the jobs of one ScaledJob, so that a decision which is carried out twice makes nothing twice. */
export class JobKeeper {
  readonly #parts: JobKeeperParts
  readonly #memory: JobMemory
  /** Why the last job was not created; told when it changes. */
  #failing: string | undefined
  /** Of a decision; long ago where there was none. */
  lastCreatedAt = -Infinity

  constructor (parts: JobKeeperParts) {
    this.#parts = parts
    this.#memory = new JobMemory(parts.ref, parts.state)
  }

  load (): Promise<JobsMemory | undefined> { return this.#memory.load() }

  forget (): Promise<void> { return this.#memory.forget() }

  /** Remembers a decision, then carries it out. Rejects before anything is created where it could not be remembered. */
  async begin (scaledJob: ScaledJob, decision: JobsMemory, { steps, reason }: JobsDecision): Promise<void> {
    await this.#memory.save(decision)
    const made = await this.make(scaledJob, decision)
    if (made > 0) this.#parts.log.info({ scaledJob: refKey(this.#parts.ref), created: made, reason, because: steps.at(-1)?.because }, 'jobs created')
  }

  /** Makes the jobs of a decision, those that are missing; how many were asked for. It is settled unless it is unknown of some whether they were made. */
  async make (scaledJob: ScaledJob, decision: JobsMemory): Promise<number> {
    const { ref, clock, events, created } = this.#parts
    const names = jobNames({ name: ref.name, uid: uidOf(scaledJob) }, decision)
    this.lastCreatedAt = clock.now()
    const outcomes: Outcome[] = []
    // One alone at first: what is refused to it is refused to the others.
    for (let i = 0, some = 1; i < names.length && !outcomes.includes('refused'); i += some, some = width) {
      outcomes.push(...await Promise.all(names.slice(i, i + some).map(name => this.#create(scaledJob, name))))
    }
    const count = (kind: Outcome): number => outcomes.filter(outcome => outcome === kind).length
    created.ok.inc(count('made'))
    created.failed.inc(count('refused') + count('unknown'))
    if (count('made') > 0) events.emit(ref, { type: 'Normal', reason: 'KEDAJobsCreated', note: `Created ${count('made')} jobs` })
    if (count('unknown') === 0) await this.#memory.save(settled(decision))
    return count('made')
  }

  async #create (scaledJob: ScaledJob, name: string): Promise<Outcome> {
    const { ref, jobs, events, log } = this.#parts
    try {
      const made = await jobs.create(scaledJob, name)
      this.#failing = undefined
      return made ? 'made' : 'watched'
    } catch (error) {
      const isRefused = error instanceof TidegateError && error.code === 'TG_TARGET_START_FAILED'
      const why = errorMessage(error).replaceAll(name, `${ref.name}-`) // the same of every job
      if (why !== this.#failing) {
        log.warn({ scaledJob: refKey(ref), job: name, err: why }, isRefused ? 'a job was refused; it is tried again at the next look' : 'nobody knows whether a job was created; it is asked for again by the same name')
        events.emit(ref, { type: 'Warning', reason: 'KEDAJobCreateFailed', note: `Failed to create job ${ref.name}-: ${why}` })
      }
      this.#failing = why
      return isRefused ? 'refused' : 'unknown'
    }
  }

  /** Deletes jobs of an earlier spec, and finished ones beyond their limits; the names of those that are gone. */
  async cleanUp (scaledJob: ScaledJob, jobs: readonly JobView[], { generation, limits, rollout }: CleanUp): Promise<ReadonlySet<string>> {
    const own = jobs.filter(job => job.isOwned && !job.isEnding)
    const outdated = outdatedJobs(own, generation, rollout.strategy)
    const replaced = await this.#rollOut(scaledJob, outdated, rollout.propagation)
    const old = beyondHistory(own.filter(job => !outdated.includes(job)), limits)
    const removed = await this.#delete(scaledJob, old, 'background')
    return new Set([...rollout.propagation === 'background' ? replaced : [], ...removed].map(job => job.name)) // in the foreground they run until their pods are gone
  }

  async #rollOut (scaledJob: ScaledJob, outdated: readonly JobView[], propagation: 'foreground' | 'background'): Promise<readonly JobView[]> {
    if (outdated.length === 0) return []
    const { ref, events, log } = this.#parts
    const tell = (reason: string, note: string): void => events.emit(ref, { type: 'Normal', reason, note })
    tell('ScaledJobRolloutCleanupStarted', `Deleting ${outdated.length} jobs owned by the previous version of the scaledJob`)
    const deleted = await this.#delete(scaledJob, outdated, propagation)
    if (deleted.length === outdated.length) tell('ScaledJobRolloutCleanupCompleted', `Deleted ${deleted.length} jobs owned by the previous version of the scaledJob`)
    log.info({ scaledJob: refKey(ref), deleted: deleted.length }, `${jobsText(deleted.length)} of the spec before the edit deleted`)
    return deleted
  }

  async #delete (scaledJob: ScaledJob, some: readonly JobView[], propagation: 'foreground' | 'background'): Promise<readonly JobView[]> {
    const { ref, jobs, events, log } = this.#parts
    const deleted: JobView[] = []
    for (const job of some) {
      try {
        await jobs.delete(scaledJob, job.name, propagation)
        deleted.push(job)
      } catch (error) {
        log.warn({ scaledJob: refKey(ref), job: job.name, err: errorMessage(error) }, 'a job could not be deleted; trying again at the next look')
        events.emit(ref, { type: 'Warning', reason: 'ScaledJobRolloutCleanupFailed', note: `Failed to delete job ${job.name}: ${errorMessage(error)}` })
      }
    }
    return deleted
  }
}

type Outcome = 'made' | 'watched' | 'refused' | 'unknown'

const uidOf = ({ metadata: { namespace, name, uid = `${namespace}/${name}` } }: ScaledJob): string => uid
