import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { FinishedType, JobView } from '../core/scaling/jobs/types.js'
import type { JobFile, JobFiles } from './job-file.js'
import { lastWords } from './log-file.js'
import type { LocalParts } from './parts.js'
import type { PodPlan } from './pod-plan.js'
import { adopt, endGroup, killGroup, launch, type Leader } from './process-group.js'
import { markEnding, removeRecord, writeRecord, type ReplicaRecord } from './record.js'
import type { Start } from './replica.js'
import { fileNameOf } from './state-folder.js'

export interface JobRunParts extends LocalParts {
  readonly files: JobFiles
  /** Everything for one start; asked again for each. */
  readonly prepare: (plan: PodPlan, pod: { readonly name: string, readonly log: string }) => Promise<Start | { readonly failure: string }>
  /** Called before a process is started. */
  readonly beforeStart: () => void
  /** What is seen of it changed. */
  readonly changed: () => void
  /** It cannot be started, or failed; for people. */
  readonly complained: (what: string) => void
}

/** Pause after a failure, as the Job controller's: 10 s, doubling to 6 min. */
const firstPauseMs = 10_000
const longestPauseMs = 360_000
/** Exit code of what was ended by SIGTERM: by the guard, where nobody looked. */
const terminated = 143

/** Waits for a word, so that nothing runs before its record is on disk; then runs the command and leaves its exit code in a file. */
const script = `
trap : TERM INT HUP
read -r go || exit 0
file=$1
shift
"$@" < /dev/null
code=$?
echo "$code" > "$file.tmp" && mv "$file.tmp" "$file"
exit "$code"
`

/** One Job: a process group that is started, started again when it fails, and finished when it ends well or failed too often. */
export class JobRun {
  readonly #parts: JobRunParts
  readonly #life = new AbortController()
  #file: JobFile
  #leader: Leader | undefined
  #isEnding = false
  #running: Promise<void> = Promise.resolve()

  constructor (file: JobFile, parts: JobRunParts) {
    this.#file = file
    this.#parts = parts
  }

  get file (): JobFile { return this.#file }
  /** Of the attempt that runs. */
  get log (): string | undefined { return this.#leader === undefined ? undefined : this.#logOf() }

  get view (): JobView {
    const { name, createdAt, generation, finished, finishedAt } = this.#file
    const pod = this.#leader === undefined ? { phase: 'Pending', trueConditions: ['PodScheduled'] }
      : { phase: 'Running', trueConditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'] }
    return { name, createdAt, generation, isOwned: true, finished, finishedAt, isEnding: this.#isEnding, pods: finished === undefined ? [pod] : [] }
  }

  /** Takes up what an earlier Tidegate left: a process that runs, an end that nobody looked at, or nothing; then goes on to the end. */
  start (running?: ReplicaRecord): void {
    this.#running = this.#run(running).catch((error: unknown) => {
      this.#parts.log.error({ job: this.#file.name, err: String(error) }, 'could not follow a job')
    })
  }

  /** SIGTERM to its group, SIGKILL after the grace. What it did not finish is started again by the next Tidegate. */
  async stop (): Promise<void> {
    this.#life.abort()
    const leader = this.#leader
    if (leader !== undefined) {
      markEnding(this.#parts.folder.replicas, this.#podName())
      await endGroup(leader, this.#file.work.plan.graceSeconds * 1000, this.#parts.clock)
      removeRecord(this.#parts.folder.replicas, this.#podName())
      this.#leader = undefined
      if (this.#parts.files.exitCode(this.#file) === 0) this.#finish('Complete')
    }
    await this.#running
  }

  /** Ends it for good; nothing of it is kept. */
  async end (): Promise<void> {
    this.#isEnding = true
    this.#parts.changed()
    await this.stop()
    this.#parts.files.remove(this.#file)
  }

  /** Stops following it and leaves its process alone. */
  letGo (): void { this.#life.abort() }

  async #run (adopted: ReplicaRecord | undefined): Promise<void> {
    if (adopted !== undefined) await this.#follow(adopt(adopted.process, this.#parts.clock, this.#life.signal))
    else if (this.#file.attempt > 0) this.#settle(this.#parts.files.exitCode(this.#file), [undefined, terminated])
    while (!this.#life.signal.aborted && this.#file.finished === undefined) {
      await this.#pause(this.#file.failures === 0 ? 0 : Math.min(longestPauseMs, firstPauseMs * 2 ** (this.#file.failures - 1)))
      if (!this.#life.signal.aborted && !this.#isLate()) await this.#attempt()
    }
  }

  async #attempt (): Promise<void> {
    const { clock, prepare, beforeStart, complained, folder, files } = this.#parts
    const { work: { plan }, attempt, startedAt = clock.now() } = this.#file
    this.#keep({ attempt: attempt + 1, startedAt })
    mkdirSync(join(this.#logOf(), '..'), { recursive: true, mode: 0o700 })
    const start = await prepare(plan, { name: this.#podName(), log: this.#logOf() })
    if (this.#life.signal.aborted) return
    beforeStart()
    const leader = 'failure' in start ? start : launch({ ...start.launch, command: ['/bin/sh', '-c', script, 'tidegate-job', files.exitOf(this.#file), ...start.launch.command], isHeld: true })
    if ('failure' in leader) { // what is missing may come: that is no failure of the job
      complained(`${this.#file.name} cannot be started: ${leader.failure}`)
      return this.#pause(firstPauseMs)
    }
    const { name, namespace, owner, generation } = this.#file
    writeRecord(folder.replicas, {
      name: this.#podName(), namespace, deployment: owner, job: name, templateHash: generation, createdAt: clock.now(), graceSeconds: plan.graceSeconds,
      port: 'port' in start ? start.port : 0, process: leader.ref, startedAt: clock.now(), isEnding: false,
    })
    leader.release?.()
    await this.#follow(leader)
  }

  /** Until it ends, is late, or is somebody else's work. */
  async #follow (leader: Leader): Promise<void> {
    const { clock, folder, files } = this.#parts
    this.#leader = leader
    this.#parts.changed()
    const over = new AbortController()
    const { work: { deadlineMs = Infinity, plan }, startedAt = clock.now() } = this.#file
    const late = deadlineMs === Infinity ? new Promise<never>(() => undefined) : clock.sleep(startedAt + deadlineMs - clock.now(), over.signal).then(() => 'late' as const)
    const how = await Promise.race([leader.ended.then(() => 'ended' as const), late, aborted(this.#life.signal)])
    over.abort()
    if (how === 'aborted') return
    if (how === 'late') await endGroup(leader, plan.graceSeconds * 1000, clock)
    else await killGroup(leader, clock) // a container whose first process ends takes all others of it along
    if (this.#life.signal.aborted) return
    removeRecord(folder.replicas, this.#podName())
    this.#leader = undefined
    if (how === 'late') this.#fail(`was not finished within activeDeadlineSeconds`)
    else this.#settle(files.exitCode(this.#file), [])
  }

  /** Draws the conclusion from an attempt that is over. `interrupted`: exit codes that are no failure of its own. */
  #settle (code: number | undefined, interrupted: readonly (number | undefined)[]): void {
    if (code === 0) return this.#finish('Complete')
    if (interrupted.includes(code)) return
    const failures = this.#file.failures + 1
    this.#keep({ failures })
    const said = lastWords(this.#logOf())
    const ending = `ended with ${code === undefined ? 'a signal' : `exit code ${code}`}${said === '' ? '' : `; its last line: ${said}`}; its output is in ${this.#logOf()}`
    if (failures > this.#file.work.backoffLimit) this.#fail(ending)
    else this.#parts.complained(`${this.#file.name} ${ending}; it is started again`)
  }

  #isLate (): boolean {
    const { work: { deadlineMs = Infinity }, startedAt } = this.#file
    const isLate = startedAt !== undefined && this.#parts.clock.now() >= startedAt + deadlineMs
    if (isLate) this.#fail('was not finished within activeDeadlineSeconds')
    return isLate
  }

  #fail (why: string): void {
    this.#parts.complained(`${this.#file.name} failed: ${why}`)
    this.#finish('Failed')
  }

  #finish (finished: FinishedType): void { this.#keep({ finished, finishedAt: this.#parts.clock.now() }) }

  /** On disk before anything else is done about it. */
  #keep (change: Partial<JobFile>): void {
    this.#file = { ...this.#file, ...change }
    this.#parts.files.write(this.#file)
    this.#parts.changed()
  }

  async #pause (ms: number): Promise<void> { if (ms > 0) await this.#parts.clock.sleep(ms, this.#life.signal) }

  #podName (): string { return `${this.#file.name}-${this.#file.attempt}` }
  #logOf (): string { return join(this.#parts.folder.logs, fileNameOf(this.#file.namespace, this.#file.owner), `${this.#podName()}.log`) }
}

const aborted = (signal: AbortSignal): Promise<'aborted'> => new Promise(resolve => {
  if (signal.aborted) resolve('aborted')
  else signal.addEventListener('abort', () => resolve('aborted'), { once: true })
})
