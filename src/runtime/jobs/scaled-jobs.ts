import { jobContainers, type ScaledJob } from '../../api/index.js'
import { errorMessage } from '../../core/errors.js'
import type { Context } from '../context.js'
import { jobPlan } from './job-plan.js'
import { JobUnit } from './job-unit.js'
import { refKey, type ObjectReader, type ObjectRef, type PodContainer } from '../ports.js'
import { SourceReaders } from '../scaling/source-readers.js'

interface Run {
  readonly ref: ObjectRef
  readonly readers: SourceReaders
  readonly firstSeenAt: number
  scaledJob: ScaledJob
  /** Undefined before everything that is there at the start was told. */
  unit: JobUnit | undefined
}

/** The ScaledJobs that are at work, one unit each. */
export class ScaledJobs {
  readonly #context: Context
  readonly #runs = new Map<string, Run>()
  /** Those that cannot be used: what they ran goes on. */
  readonly #refused = new Map<string, ObjectRef>()
  readonly #leaving = new Set<Promise<void>>()
  #hasBegun = false

  constructor (context: Context) { this.#context = context }

  get size (): number { return this.#runs.size }

  has (ref: ObjectRef): boolean { return this.#runs.has(refKey(ref)) }

  applied (ref: ObjectRef, scaledJob: ScaledJob): void {
    const run = this.#runs.get(refKey(ref)) ?? this.#made(ref, scaledJob)
    this.#refused.delete(refKey(ref))
    run.scaledJob = scaledJob
    run.readers.update(scaledJob, ref)
    if (run.unit !== undefined) run.unit.update(this.#planOf(run))
    else if (this.#hasBegun) this.#start(run)
  }

  refused (ref: ObjectRef): void { this.#refused.set(refKey(ref), ref) }

  /** Everything that is there at the start was told. */
  begin (): void {
    this.#hasBegun = true
    this.#context.jobs.retain([...[...this.#runs.values()].map(run => run.ref), ...this.#refused.values()])
    for (const run of this.#runs.values()) this.#start(run)
  }

  deleted (ref: ObjectRef): void {
    const run = this.#runs.get(refKey(ref))
    this.#refused.delete(refKey(ref))
    this.#context.jobs.abandon(ref)
    if (run === undefined) return
    this.#runs.delete(refKey(ref))
    this.#leave(this.#end(run, true))
    run.readers.removeSeries(ref)
    for (const metric of ['scaled_job_jobs', 'jobs_created_total'] as const) this.#context.telemetry.remove(metric, { namespace: ref.namespace, scaled_job: ref.name })
  }

  ownershipChanged (): void { for (const { unit } of this.#runs.values()) unit?.ownershipChanged() }

  credentialsChanged (): void { for (const { readers } of this.#runs.values()) for (const reader of readers.all) reader.resolveAgain() }

  async stop (): Promise<void> {
    this.#hasBegun = false
    await Promise.all([...this.#runs.values()].map(run => this.#end(run, false)))
    await Promise.all(this.#leaving)
  }

  #made (ref: ObjectRef, scaledJob: ScaledJob): Run {
    const { config, clock } = this.#context
    const run: Run = {
      ref, scaledJob, unit: undefined, firstSeenAt: clock.now(),
      readers: new SourceReaders(this.#context, { ...config, reader: withContainers(config.reader, () => jobContainers(run.scaledJob)) }),
    }
    this.#runs.set(refKey(ref), run)
    this.#context.status.report({ ref, conditions: [{ type: 'Ready', status: 'Unknown', reason: 'Starting', message: 'its sources were not looked at yet' }] })
    return run
  }

  #planOf ({ scaledJob, readers, firstSeenAt }: Run): ReturnType<typeof jobPlan> {
    const { creationTimestamp } = scaledJob.metadata
    return jobPlan(scaledJob, creationTimestamp === undefined ? firstSeenAt : Date.parse(creationTimestamp), readers.all)
  }

  #start (run: Run): void {
    const { jobs, state, ownership, wheel, clock, log, events, decisions, nextSequence, telemetry, status } = this.#context
    const { ref } = run
    const labels = { namespace: ref.namespace, scaled_job: ref.name }
    run.unit = new JobUnit({
      ref, jobs, state, ownership, wheel, clock, log, events, decisions, nextSequence,
      created: { ok: telemetry.counter('jobs_created_total', { ...labels, outcome: 'ok' }), failed: telemetry.counter('jobs_created_total', { ...labels, outcome: 'failed' }) },
      counts: { running: telemetry.gauge('scaled_job_jobs', { ...labels, state: 'running' }), pending: telemetry.gauge('scaled_job_jobs', { ...labels, state: 'pending' }) },
      onStatus: (conditions, told) => { if (this.#runs.get(refKey(ref)) === run) status.report({ ref, conditions, jobs: told }) },
    }, this.#planOf(run))
    run.unit.start()
  }

  async #end ({ unit, readers }: Run, isGone: boolean): Promise<void> {
    await (isGone ? unit?.retire() : unit?.stop())
    await readers.close()
  }

  #leave (leaving: Promise<void>): void {
    const watched = leaving
      .catch((error: unknown) => { this.#context.log.error({ err: errorMessage(error) }, 'a ScaledJob did not stop cleanly') })
      .finally(() => { this.#leaving.delete(watched) })
    this.#leaving.add(watched)
  }
}

/** A ScaledJob's containers stand in the object itself. */
const withContainers = (reader: ObjectReader, containers: () => readonly PodContainer[]): ObjectReader => ({
  secret: (...asked) => reader.secret(...asked),
  configMap: (...asked) => reader.configMap(...asked),
  token: (...asked) => reader.token(...asked),
  containers: async () => containers(),
})
