import { areJobsPaused, decideJobs } from '../../core/scaling/jobs/decide.js'
import { countJobs } from '../../core/scaling/jobs/finished.js'
import { isUnsettled, nextDecision } from '../../core/scaling/jobs/memory.js'
import { jobNames } from '../../core/scaling/jobs/names.js'
import type { JobCounts, JobsDecision, JobsPolicy, JobView } from '../../core/scaling/jobs/types.js'
import type { Measurement, Reading } from '../../core/scaling/types.js'
import { errorMessage } from '../../core/errors.js'
import { JobKeeper, type JobKeeperParts } from './job-keeper.js'
import { jobConditions, jobTurns } from './job-status.js'
import { Pace } from '../pace.js'
import { refKey, type Condition, type DecisionLog, type Gauge, type JobsStatus, type ObjectRef, type Ownership } from '../ports.js'
import type { JobPlan } from './job-plan.js'
import type { Voice } from '../scaling/voice.js'
import type { Wheel } from '../wheel.js'

export interface JobUnitParts extends JobKeeperParts {
  readonly ref: ObjectRef
  readonly ownership: Ownership
  readonly wheel: Wheel
  readonly decisions: DecisionLog
  readonly nextSequence: () => number
  readonly counts: { readonly running: Gauge, readonly pending: Gauge }
  readonly onStatus: (conditions: readonly Condition[], jobs: JobsStatus) => void
}

/** At most one look in this time when sources ring; the first ring acts at once. */
const gapMs = 250
/** A condition of an object that is older than this when it is first seen is no news. */
const newMs = 60_000

/** Keeps the jobs of one ScaledJob: reads its voices, decides, creates, cleans up, reports. */
export class JobUnit {
  readonly #parts: JobUnitParts
  readonly #keeper: JobKeeper
  readonly #stopping = new AbortController()
  readonly #onRing: Pace
  #plan: JobPlan
  #jobs: readonly JobView[] | undefined
  #readings: readonly Reading[] = []
  /** What sources said as they rang, until the next pass. */
  readonly #rung = new Map<string, Reading>()
  #stopWatching: () => void = () => undefined
  #cancelLook: () => void = () => undefined
  #nextLookAt = 0
  #working: Promise<void> = Promise.resolve()
  #isQueued = false
  #last: { readonly decision: JobsDecision, readonly at: number } | undefined
  #conditions: readonly Condition[] | undefined
  #lastActiveAt: number | undefined

  constructor (parts: JobUnitParts, plan: JobPlan) {
    this.#parts = parts
    this.#plan = plan
    this.#keeper = new JobKeeper(parts)
    this.#onRing = new Pace(parts.clock, gapMs, () => this.#workSoon())
  }

  start (): void {
    this.#stopWatching = this.#parts.jobs.watch(this.#plan.scaledJob, jobs => this.#seen(jobs))
    this.#workSoon()
  }

  /** An edit acts at once. */
  update (plan: JobPlan): void {
    const before = this.#plan
    this.#plan = plan
    for (const voice of before.voices) if (!plan.voices.includes(voice)) voice.disarm()
    this.#workSoon()
  }

  ownershipChanged (): void { this.#workSoon() }

  /** The object is gone: so is what was remembered of it. */
  async retire (): Promise<void> {
    await this.stop()
    await this.#keeper.forget()
  }

  async stop (): Promise<void> {
    this.#stopping.abort()
    this.#stopWatching()
    this.#cancelLook()
    this.#onRing.cancel()
    for (const voice of this.#plan.voices) voice.disarm()
    await this.#working
  }

  /** The first list, and a job that ends where there was no room for another, are worth a look now. */
  #seen (jobs: readonly JobView[] | undefined): void {
    const before = this.#jobs
    this.#jobs = jobs
    if (this.#stopping.signal.aborted) return
    this.#tell()
    if (jobs === undefined) return
    const running = (some: readonly JobView[]): number => some.filter(job => job.finished === undefined).length
    if (before === undefined || (this.#last?.decision.reason === 'AtMaximum' && running(jobs) < running(before))) this.#onRing.call()
  }

  /** One pass at a time; one that is asked for meanwhile follows it, once. */
  #workSoon (): void {
    if (this.#isQueued || this.#stopping.signal.aborted) return
    this.#isQueued = true
    this.#working = this.#working.then(async () => {
      this.#isQueued = false
      this.#onRing.restart()
      this.#lookAt(this.#parts.clock.now() + this.#plan.pollingIntervalMs)
      if (!this.#stopping.signal.aborted && this.#parts.ownership.owns(this.#parts.ref)) await this.#work()
    }).catch((error: unknown) => {
      this.#parts.log.warn({ scaledJob: refKey(this.#parts.ref), err: errorMessage(error) }, 'a decision about jobs could not be carried out; trying again at the next look')
    })
  }

  async #work (): Promise<void> {
    const plan = this.#plan
    const { clock } = this.#parts
    const isPaused = areJobsPaused(plan.policy, clock.now())
    if (isPaused) this.#readings = []
    else this.#readings = await Promise.all(plan.voices.map(async voice => this.#look(voice)))
    if (this.#stopping.signal.aborted || plan !== this.#plan) return // an edit in between is followed by a pass of its own
    if (!isPaused && this.#jobs !== undefined) await this.#tidy(this.#jobs)
    await this.#decide(plan)
    this.#armVoices(isPaused)
  }

  /** Jobs of an earlier spec, and history beyond its limits. What a crash left half done is completed first. */
  async #tidy (jobs: readonly JobView[]): Promise<void> {
    const { scaledJob, generation, limits, rollout } = this.#plan
    const memory = await this.#keeper.load()
    if (isUnsettled(memory, generation, this.#parts.clock.now())) await this.#keeper.make(scaledJob, memory)
    const gone = await this.#keeper.cleanUp(scaledJob, jobs, { generation, limits, rollout })
    if (gone.size > 0) this.#jobs = this.#jobs?.filter(job => !gone.has(job.name))
  }

  async #decide (plan: JobPlan): Promise<void> {
    const { clock, decisions, nextSequence, ref } = this.#parts
    const { policy, generation, scaledJob } = plan
    const now = clock.now()
    const counts = this.#counts()
    const decision = decideJobs({ now, policy, jobs: counts, readings: this.#readings })
    const next = decision.create === 0 ? undefined : nextDecision(await this.#keeper.load(), decision.create, generation, now)
    const names = next === undefined ? [] : jobNames({ name: ref.name, uid: plan.uid }, next)
    decisions.record({ sequence: nextSequence(), at: now, scaledJob: ref, policy, counts, readings: this.#readings, decision, names })
    this.#last = { decision, at: now }
    if (decision.active) this.#lastActiveAt = now
    this.#report(decision)
    if (next !== undefined) await this.#keeper.begin(scaledJob, next, decision)
  }

  #counts (): JobCounts | undefined { return this.#jobs === undefined ? undefined : countJobs(this.#jobs, this.#plan.pendingPodConditions) }

  #report (decision: JobsDecision): void {
    const { clock, events, ref } = this.#parts
    const conditions = jobConditions(decision, this.#readings)
    for (const event of jobTurns(this.#conditions, conditions, clock.now() - this.#plan.createdAt < newMs)) events.emit(ref, event)
    this.#conditions = conditions
    this.#tell()
  }

  /** The last decision, and the jobs as they are now. */
  #tell (): void {
    const { counts: gauges, onStatus } = this.#parts
    const counts = this.#counts()
    gauges.running.set(counts?.running ?? 0)
    gauges.pending.set(counts?.pending ?? 0)
    if (this.#last === undefined || this.#conditions === undefined) return
    const { decision: { create, reason, steps, active }, at } = this.#last
    onStatus(this.#conditions, {
      counts, decision: { create, reason, steps, active }, decidedAt: at, readings: this.#readings, nextLookAt: this.#nextLookAt,
      ...(this.#lastActiveAt === undefined ? {} : { lastActiveAt: this.#lastActiveAt }),
    })
  }

  /** A source rings while there is room for a job. Where a job takes its entry only after it started, a ring that follows its creation is no news yet. */
  #armVoices (isPaused: boolean): void {
    const mayCreate = !isPaused && this.#last?.decision.reason !== 'AtMaximum'
    for (const voice of this.#plan.voices) {
      if (mayCreate) voice.arm(measurement => this.#rang(voice, measurement))
      else voice.disarm()
    }
  }

  /** A source that said its number as it rang is not asked for it again: its answer may be one that it gave before. */
  #look (voice: Voice): Promise<Reading> | Reading {
    const rung = this.#rung.get(voice.trigger)
    this.#rung.delete(voice.trigger)
    return rung ?? voice.look(this.#stopping.signal)
  }

  #rang ({ trigger }: Voice, measurement: Measurement | undefined): void {
    const { policy, pollingIntervalMs } = this.#plan
    if (!takesAtStart(policy) || this.#parts.clock.now() - this.#keeper.lastCreatedAt >= pollingIntervalMs) {
      if (measurement !== undefined) this.#rung.set(trigger, { kind: 'measured', trigger, at: this.#parts.clock.now(), measurements: [measurement] })
      this.#onRing.call()
    }
  }

  /** The next pass; sooner where a pause ends. */
  #lookAt (at: number): void {
    this.#cancelLook()
    const { pausedUntil } = this.#plan.policy
    const now = this.#parts.clock.now()
    this.#nextLookAt = pausedUntil !== undefined && pausedUntil > now ? Math.min(at, pausedUntil) : at
    this.#cancelLook = this.#parts.wheel.at(this.#nextLookAt, () => this.#workSoon())
  }
}

/** Strategies that take off what is pending only: between a job's start and its taking an entry, that entry is counted once more. */
const takesAtStart = ({ strategy }: JobsPolicy): boolean => strategy.kind === 'accurate' || strategy.kind === 'eager'
