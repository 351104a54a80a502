import type { Clock, EpochMs } from '../core/clock.js'
import { errorMessage, TidegateError } from '../core/errors.js'
import { formatDuration } from '../core/duration.js'
import { lastWords } from './log-file.js'
import { endGroup, killGroup, launch, type Launch, type Leader, type ProcessEnd } from './process-group.js'
import { followReadiness, type ReadinessRule } from './readiness.js'
import { markEnding, removeRecord, writeRecord, type ReplicaRecord } from './record.js'
import { nextRestart, type RestartPolicy } from './restart-backoff.js'

/** All that is needed for one start of a replica. Made anew for each, so that a restart gets a port that is free then. */
export interface Start {
  readonly launch: Launch
  readonly port: number
  readonly readiness: ReadinessRule
}

/** What tells one replica from another, for as long as it lives. */
export interface ReplicaIdentity {
  readonly name: string
  readonly namespace: string
  readonly deployment: string
  readonly templateHash: string
  readonly createdAt: EpochMs
  readonly graceSeconds: number
  readonly log: string
}

export interface ReplicaParts {
  readonly clock: Clock
  /** Folder of the records. */
  readonly records: string
  readonly restarts: RestartPolicy
  /** Undefined: the template is not known any more, and the replica is not started again. */
  readonly prepare: (() => Promise<Start | { readonly failure: string }>) | undefined
  readonly told: (story: ReplicaStory) => void
  /** Readiness, phase or port changed. */
  readonly changed: () => void
}
export type ReplicaStory =
  | { readonly kind: 'started', readonly pid: number }
  | { readonly kind: 'start-failed', readonly error: TidegateError, readonly nextInMs: number }
  | { readonly kind: 'ended', readonly how: ProcessEnd, readonly ranMs: number, readonly said: string, readonly nextInMs: number }
  | { readonly kind: 'still-not-ready', readonly why: string, readonly sinceMs: number }
  | { readonly kind: 'broken', readonly thrown: unknown }

/** `starting` until its process runs, `waiting` between two processes, `ending` from the moment it is chosen. */
export type ReplicaPhase = 'starting' | 'running' | 'waiting' | 'ending' | 'gone'

/** After this long without a first yes it is worth a line. */
const slowStartMs = 10_000

/** One replica: a process group that is started, asked whether it is ready, started again when it ends, and ended. */
export class Replica {
  phase: ReplicaPhase = 'starting'
  isReady = false
  port = 0
  pid: number | undefined
  startedAt: EpochMs | undefined
  readyAt: EpochMs | undefined
  restarts = 0
  /** Why the last start came to nothing; undefined once the replica was ready. */
  failure: TidegateError | undefined
  /** Resolves with the first answer about readiness, or when the replica ends before. */
  readonly firstAnswer: Promise<void>
  #answered!: () => void
  #leader: Leader | undefined
  /** Ends everything but the process itself. */
  readonly #life = new AbortController()
  /** Ends the pause before a restart; replaced by each. */
  #pause = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #ended: Promise<void> | undefined

  constructor (readonly identity: ReplicaIdentity, private readonly parts: ReplicaParts) {
    this.firstAnswer = new Promise(resolve => { this.#answered = resolve })
  }

  get name (): string { return this.identity.name }
  get isLive (): boolean { return this.phase !== 'ending' && this.phase !== 'gone' }

  /** Starts it, and again whenever it ends by itself. */
  start (): void {
    this.#running = this.#keepRunning(undefined).catch(this.#break)
  }

  /** Goes on with a process that runs already. */
  takeOver (leader: Leader, from: Pick<ReplicaRecord, 'port' | 'startedAt'>, readiness: ReadinessRule): void {
    this.startedAt = from.startedAt
    this.#leader = leader
    this.#running = this.#keepRunning({ leader, port: from.port, readiness }).catch(this.#break)
  }

  /** SIGTERM to its group, SIGKILL after the grace. Resolves when nothing of it is left; a second call waits for the first. */
  end (): Promise<void> {
    return this.#ended ??= this.#end()
  }

  /** Ends the pause before the next start, when what was missing for it may be there now. */
  retryNow (): void {
    if (this.phase === 'waiting') this.#pause.abort()
  }

  /** Stops following it and leaves the process alone. */
  letGo (): void {
    this.#life.abort()
    this.#pause.abort()
  }

  readonly #break = (thrown: unknown): void => this.parts.told({ kind: 'broken', thrown })

  async #end (): Promise<void> {
    this.phase = 'ending'
    this.isReady = false
    if (this.#leader !== undefined) markEnding(this.parts.records, this.name)
    this.letGo()
    this.parts.changed()
    if (this.#leader !== undefined) await endGroup(this.#leader, this.identity.graceSeconds * 1000, this.parts.clock)
    await this.#running
    this.#leave()
  }

  #leave (): void {
    removeRecord(this.parts.records, this.name)
    this.#leader = undefined
    this.phase = 'gone'
    this.isReady = false
    this.#answered()
    this.parts.changed()
  }

  async #keepRunning (adopted: Running | undefined): Promise<void> {
    const { clock, restarts, prepare, told, changed } = this.parts
    const { signal } = this.#life
    for (let running = adopted, streak = 0; !signal.aborted; running = undefined) {
      const began = clock.monotonic()
      const outcome = running ?? await this.#launch()
      if (signal.aborted && this.#leader === undefined) return
      const how = 'failure' in outcome ? undefined : await this.#follow(outcome)
      if (signal.aborted) return
      const ranMs = clock.monotonic() - began
      const next = nextRestart(streak, ranMs, restarts)
      streak = next.streak
      this.failure = this.#failureOf(outcome, how, ranMs)
      this.readyAt = undefined
      if (prepare === undefined) return this.#leave()
      this.phase = 'waiting'
      told(this.failure !== undefined
        ? { kind: 'start-failed', error: this.failure, nextInMs: next.delayMs }
        : { kind: 'ended', how: how ?? 'an unknown end', ranMs, said: lastWords(this.identity.log), nextInMs: next.delayMs })
      this.#answered()
      changed()
      this.#pause = new AbortController()
      await clock.sleep(next.delayMs, this.#pause.signal)
      this.restarts++
    }
  }

  /** Undefined when the process had been ready: then its end is an end, not a failed start. */
  #failureOf (outcome: Running | { readonly failure: string }, how: ProcessEnd | undefined, ranMs: number): TidegateError | undefined {
    const { name, log } = this.identity
    if ('failure' in outcome) return new TidegateError('TG_TARGET_START_FAILED', `replica ${name} could not be started: ${outcome.failure}`)
    if (this.readyAt !== undefined) return undefined
    const said = lastWords(log)
    return new TidegateError('TG_TARGET_START_FAILED',
      `replica ${name} ended with ${how ?? 'an unknown end'} after ${formatDuration(ranMs)}, before it was ready${said === '' ? '' : `; its last line: ${said}`}`,
      { hint: `its output is in ${log}` })
  }

  async #launch (): Promise<Running | { readonly failure: string }> {
    try {
      const start = await this.parts.prepare?.()
      if (start === undefined || this.#life.signal.aborted) return { failure: 'it is being ended' }
      if ('failure' in start) return start
      const leader = launch(start.launch)
      if ('failure' in leader) return leader
      this.#leader = leader
      this.startedAt = this.parts.clock.now()
      this.#record(leader, start.port)
      this.parts.told({ kind: 'started', pid: leader.ref.pid })
      return { leader, port: start.port, readiness: start.readiness }
    } catch (thrown) {
      // A process without its record would be nobody's after a crash of ours.
      if (this.#leader !== undefined) await killGroup(this.#leader, this.parts.clock)
      this.#leader = undefined
      return { failure: errorMessage(thrown) }
    }
  }

  #record (leader: Leader, port: number): void {
    const { name, namespace, deployment, templateHash, createdAt, graceSeconds } = this.identity
    writeRecord(this.parts.records, {
      name, namespace, deployment, templateHash, createdAt, graceSeconds, port,
      process: leader.ref, startedAt: this.startedAt ?? createdAt, isEnding: false,
    })
  }

  /** Until the process ends, or until the replica is let go or ended, which is then somebody else's work. */
  async #follow ({ leader, port, readiness }: Running): Promise<ProcessEnd | undefined> {
    this.#leader = leader
    this.pid = leader.ref.pid
    this.port = port
    this.phase = 'running'
    this.parts.changed()
    const probing = new AbortController()
    const stopProbing = (): void => probing.abort()
    this.#life.signal.addEventListener('abort', stopProbing, { once: true })
    const probed = this.#probe(readiness, probing.signal)
    const how = await Promise.race([leader.ended, aborted(this.#life.signal)])
    this.#life.signal.removeEventListener('abort', stopProbing)
    stopProbing()
    await probed
    if (this.#life.signal.aborted) return undefined
    this.isReady = false
    this.pid = undefined
    // A container whose first process ends takes all others of it along.
    await killGroup(leader, this.parts.clock)
    if (this.#life.signal.aborted) return undefined
    this.#leader = undefined
    removeRecord(this.parts.records, this.name)
    return how
  }

  #probe (rule: ReadinessRule, signal: AbortSignal): Promise<void> {
    const { clock, told, changed } = this.parts
    const began = clock.monotonic()
    let isToldSlow = false
    return followReadiness(rule, clock, {
      changed: isReady => {
        this.isReady = isReady
        if (isReady) {
          this.readyAt ??= clock.now()
          this.failure = undefined
        }
        changed()
      },
      answered: why => {
        this.#answered()
        const sinceMs = clock.monotonic() - began
        if (why === undefined || this.readyAt !== undefined || isToldSlow || sinceMs < slowStartMs) return
        isToldSlow = true
        told({ kind: 'still-not-ready', why, sinceMs })
      },
    }, signal)
  }
}

interface Running { readonly leader: Leader, readonly port: number, readonly readiness: ReadinessRule }

const aborted = (signal: AbortSignal): Promise<undefined> => new Promise(resolve => {
  if (signal.aborted) resolve(undefined)
  else signal.addEventListener('abort', () => resolve(undefined), { once: true })
})
