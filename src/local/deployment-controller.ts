import { join } from 'node:path'
import { mkdirSync } from 'node:fs'
import { formatDuration } from '../core/duration.js'
import { errorMessage } from '../core/errors.js'
import { refKey, type ObjectRef, type TargetState } from '../runtime/ports.js'
import { readIfThere, removeFile, replaceFile } from './files.js'
import { inBackground, type LocalParts } from './parts.js'
import type { PodPlan } from './pod-plan.js'
import { adopt } from './process-group.js'
import type { ReadinessRule } from './readiness.js'
import type { ReplicaRecord } from './record.js'
import { hasFixedPort } from './replica-start.js'
import { Replica, type ReplicaIdentity, type ReplicaStory, type Start } from './replica.js'
import { nextSteps } from './rollout.js'
import { fileNameOf } from './state-folder.js'

export interface ControllerParts extends LocalParts {
  /** Everything for one start; asked again for each. */
  readonly prepare: (plan: PodPlan, identity: ReplicaIdentity) => Promise<Start | { readonly failure: string }>
  /** How a replica that runs already is asked whether it is ready. */
  readonly readinessOf: (plan: PodPlan, port: number) => ReadinessRule
  /** Called before a process is started. */
  readonly beforeStart: () => void
  /** Counts, readiness or addresses changed. */
  readonly changed: () => void
  readonly signal: AbortSignal
}

/** Holds one Deployment at its count and template. Nothing is started before `begin`. */
export class DeploymentController {
  readonly replicas = new Set<Replica>()
  wanted: number
  /** Whether the count is somebody's word, and not only the manifest's first one. */
  #isSet = false
  #plan: PodPlan
  #hasBegun = false
  #isDeleted = false
  #isReconciling = false
  readonly #file: string

  /** `replicas` holds until a count is set; the count of an earlier run, where there is one, comes before it. */
  constructor (readonly ref: ObjectRef, plan: PodPlan, replicas: number, private readonly parts: ControllerParts) {
    this.#plan = plan
    this.#file = join(parts.folder.deployments, fileNameOf(ref.namespace, ref.name))
    this.wanted = replicas
  }

  get plan (): PodPlan { return this.#plan }

  state (): TargetState {
    const live = [...this.replicas].filter(r => r.isLive)
    return { spec: this.wanted, status: live.length, ready: live.filter(r => r.isReady).length }
  }

  /** From here on the wish is followed. Adopt before, so that what runs already is counted. */
  begin (): void {
    this.#hasBegun = true
    if (!this.#isSet) this.wanted = Number(readIfThere(this.#file) ?? this.wanted)
    this.#keepWanted()
    this.reconcile()
  }

  /** Takes a new template; running replicas of another one are replaced. */
  replan (plan: PodPlan): void {
    if (this.#hasBegun && plan.templateHash !== this.#plan.templateHash && this.replicas.size > 0) {
      this.#emit('Normal', 'Replacing', `template changed: replacing ${this.state().status} ${this.state().status === 1 ? 'replica' : 'replicas, one at a time'}`)
    }
    this.#plan = plan
    this.reconcile()
  }

  /** The wish is on disk before it is acted on: a start after a crash goes on with it. Replicas named in `busy` go last. */
  set (replicas: number, busy: ReadonlySet<string> = nobody): void {
    this.#isSet = true
    if (replicas === this.wanted) return
    this.wanted = replicas
    this.#keepWanted()
    this.reconcile(busy)
  }

  /** Goes on with a process of an earlier Tidegate; one of another template is replaced later. */
  adopt (record: ReplicaRecord): Replica {
    const { clock, signal } = this.parts
    const replica = this.#make({ ...record, log: this.#logOf(record.name) }, record.templateHash === this.#plan.templateHash)
    replica.takeOver(adopt(record.process, clock, signal), record, this.parts.readinessOf(this.#plan, record.port))
    return replica
  }

  /** Ends every replica; the count is forgotten. */
  async delete (): Promise<void> {
    this.#isDeleted = true
    removeFile(this.#file)
    await this.endAll()
  }

  /** Ends every replica and starts none again; the count is kept. */
  async endAll (): Promise<void> {
    this.#hasBegun = false
    await Promise.all([...this.replicas].map(replica => replica.end()))
  }

  letGo (): void {
    this.#hasBegun = false
    for (const replica of this.replicas) replica.letGo()
  }

  /** Takes the next steps towards the wish. Level-based: called after every change, and once more costs nothing. */
  reconcile (busy: ReadonlySet<string> = nobody): void {
    for (const replica of this.replicas) if (replica.phase === 'gone') this.replicas.delete(replica)
    if (!this.#hasBegun || this.#isReconciling) return
    this.#isReconciling = true // ending a replica changes it, which brings us back here
    const live = [...this.replicas].filter(r => r.isLive)
    const { create, end } = nextSteps({
      wanted: this.wanted,
      live: live.map(replica => ({
        replica, isReady: replica.isReady, createdAt: replica.identity.createdAt, isCurrent: replica.identity.templateHash === this.#plan.templateHash, isBusy: busy.has(replica.name),
      })),
      ending: this.replicas.size - live.length,
      isInPlace: hasFixedPort(this.#plan.container),
    })
    for (const { replica } of end) inBackground(replica.end(), this.parts.log, 'could not end a replica')
    for (let i = 0; i < create; i++) this.#create()
    this.#isReconciling = false
    if (create > 0 || end.length > 0) this.parts.changed()
  }

  #create (): void {
    const name = this.#newName()
    const { namespace, name: deployment } = this.ref
    const { templateHash, graceSeconds } = this.#plan
    if (this.wanted > 1 && this.replicas.size === 1 && hasFixedPort(this.#plan.container)) {
      this.#emit('Warning', 'FixedPort', `its container sets PORT itself, and ${this.wanted} replicas cannot share one port; leave PORT out, and each gets its own`)
    }
    this.parts.beforeStart()
    this.#make({ name, namespace, deployment, templateHash, graceSeconds, createdAt: this.parts.clock.now(), log: this.#logOf(name) }, true).start()
  }

  #make (identity: ReplicaIdentity, isCurrent: boolean): Replica {
    const plan = this.#plan
    const replica = new Replica(identity, {
      clock: this.parts.clock,
      records: this.parts.folder.replicas,
      restarts: this.parts.restarts,
      prepare: isCurrent ? () => this.parts.prepare(plan, identity) : undefined,
      told: story => this.#tell(identity, story),
      changed: () => {
        this.reconcile()
        this.parts.changed()
      },
    })
    this.replicas.add(replica)
    return replica
  }

  #tell ({ name, log: file }: ReplicaIdentity, story: ReplicaStory): void {
    const { log } = this.parts
    switch (story.kind) {
      case 'started': return log.debug({ deployment: refKey(this.ref), replica: name, pid: story.pid }, 'replica started')
      case 'start-failed': return this.#emit('Warning', 'StartFailed', [`${story.error.code} ${story.error.message}`, story.error.hint, next(story.nextInMs)].filter(part => part !== undefined).join('; '))
      case 'ended': return this.#emit('Warning', 'ReplicaEnded', [
        `replica ${name} ended with ${story.how} after ${formatDuration(story.ranMs)}`, ...(story.said === '' ? [] : [`its last line: ${story.said}`]),
        `its output is in ${file}`, next(story.nextInMs),
      ].join('; '))
      case 'still-not-ready': return this.#emit('Warning', 'NotReady', `replica ${name} runs for ${formatDuration(story.sinceMs)} and is not ready: ${story.why}; it should listen on the port in PORT; its output is in ${file}`)
      case 'broken': return log.error({ deployment: refKey(this.ref), replica: name, err: errorMessage(story.thrown) }, 'could not follow a replica')
    }
  }

  #emit (type: 'Normal' | 'Warning', reason: string, note: string): void {
    this.parts.events.emit(this.ref, { type, reason, note })
  }

  #keepWanted (): void {
    if (this.#hasBegun && !this.#isDeleted) replaceFile(this.#file, String(this.wanted))
  }

  #logOf (name: string): string {
    const folder = join(this.parts.folder.logs, fileNameOf(this.ref.namespace, this.ref.name))
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    return join(folder, `${name}.log`)
  }

  /** `thumbnailer-x7k2p`: letters as in a pod's name, none that make a word or look alike. */
  #newName (): string {
    const letters = 'bcdfghjklmnpqrstvwxz2456789'
    const suffix = Array.from({ length: 5 }, () => letters[Math.floor(this.parts.random() * letters.length)]).join('')
    const name = `${this.ref.name}-${suffix}`
    return [...this.replicas].some(replica => replica.name === name) ? this.#newName() : name
  }
}

const nobody: ReadonlySet<string> = new Set()

const next = (ms: number): string => ms === 0 ? 'starting it again' : `next start in ${formatDuration(ms)}`
