import { isManaged, type Deployment, type Resource, type Service, type Trigger, type Workload } from '../api/index.js'
import type { LocalCluster } from '../local/index.js'
import { manifestSource, type FileEdit } from '../manifest/index.js'
import type { Defaults } from '../runtime/configs.js'
import { refKey, type Clock, type EventSink, type Log, type ObjectRef, type ResourceListener, type ResourceSource } from '../runtime/ports.js'
import { formatProblem, isError, type Problem } from '../spec/problem.js'
import { resolvedDefaults } from './config-defaults.js'
import { editNote } from './edit-note.js'
import type { ProblemBoard } from './problem-board.js'

export interface LocalWorldParts {
  readonly paths: readonly string[]
  readonly recursive: boolean
  readonly cluster: LocalCluster
  readonly clock: Clock
  readonly log: Log
  readonly events: EventSink
  /** Gets what is wrong and belongs to no object that has a status. */
  readonly problems: ProblemBoard
  /** Our own environment: `connectionFromEnv` of `defaults` reads it. */
  readonly environment: Readonly<Record<string, string | undefined>>
}

/**
 * Manifests in files, shared out: workloads go to the local cluster, resources to the loops. What is there at the start is gathered first,
 * because whether a Deployment's count belongs to its file or to a ScaledObject is known only when all of it was read.
 */
export class LocalWorld implements ResourceSource {
  readonly #parts: LocalWorldParts
  readonly #workloads = new Map<string, Workload>()
  readonly #resources = new Map<string, Resource>()
  /** Objects whose last edit cannot be used. */
  readonly #refused = new Set<string>()
  /** Problems of whole files, which are said once and not again for every object. */
  #ofFiles: ReadonlySet<Problem> = new Set()
  #isUp = false
  #defaults: Defaults = {}

  constructor (parts: LocalWorldParts) { this.#parts = parts }

  readonly defaults = (): Defaults => this.#defaults

  /** Hears from the loops what they refuse, so that no such edit is called taken. */
  readonly refusals: EventSink = { emit: (ref, { reason }) => { if (reason.endsWith('CheckFailed')) this.#refused.add(refKey(ref)) } }

  async watch (listener: ResourceListener, signal: AbortSignal): Promise<void> {
    const { paths, recursive, clock, cluster, problems: board } = this.#parts
    const life = new AbortController()
    signal.addEventListener('abort', () => life.abort(), { once: true })
    const gathered: (() => void)[] = []
    const inTurn = (tell: () => void): void => { if (this.#isUp) tell(); else gathered.push(tell) }
    const source = manifestSource({
      paths, recursive, clock,
      listener: {
        workloadApplied: workload => this.#workloadApplied(workload),
        workloadRefused: (ref, problems) => this.#tell(ref, problems),
        workloadDeleted: ref => { this.#workloads.delete(refKey(ref)); board.set(refKey(ref), []); cluster.delete(ref) },
        config: config => {
          this.#defaults = resolvedDefaults(config, this.#parts.environment, this.#parts.log)
          if (this.#isUp) for (const resource of this.#resources.values()) listener.applied(resource) // what was refused for want of a default may be right now
        },
        other: (ref, problem) => this.#tell(ref, [problem]),
        problems: problems => {
          board.set('', problems)
          this.#ofFiles = new Set(problems)
          for (const problem of problems) this.#say(problem)
        },
        edited: edit => inTurn(() => this.#edited(edit)),
      },
    })
    let starting: Promise<void> = Promise.resolve()
    await source.watch({
      applied: resource => {
        this.#resources.set(resourceKey(resource), resource)
        inTurn(() => { this.#refused.delete(resourceKey(resource)); listener.applied(resource) })
      },
      refused: (ref, problems) => inTurn(() => listener.refused(ref, problems)),
      deleted: ref => { this.#resources.delete(refKey(ref)); inTurn(() => listener.deleted(ref)) },
      synced: () => {
        starting = this.#start().then(() => {
          this.#isUp = true
          for (const tell of gathered.splice(0)) tell()
          listener.synced()
        })
        starting.catch(() => life.abort()) // `watch` ends with its error below
      },
    }, life.signal)
    await starting
  }

  async #start (): Promise<void> {
    for (const workload of this.#workloads.values()) this.#apply(workload)
    await this.#parts.cluster.start()
  }

  #workloadApplied (workload: Workload): void {
    this.#workloads.set(workloadKey(workload), workload)
    if (this.#isUp) this.#apply(workload)
  }

  #apply (workload: Workload): void {
    const keepReplicas = workload.kind === 'Deployment' && this.#isScaled(workload)
    this.#tell(refOf(workload), this.#parts.cluster.apply(workload, { keepReplicas }))
  }

  /** Whether somebody else than its file decides the count of a Deployment. */
  #isScaled (deployment: Deployment): boolean {
    return [...this.#resources.values()].some(resource =>
      resource.metadata.namespace === deployment.metadata.namespace && (
        (resource.kind === 'ScaledObject' && resource.spec.scaleTargetRef.kind === 'Deployment' && resource.spec.scaleTargetRef.name === deployment.metadata.name) ||
        (resource.kind === 'Trigger' && isManaged(resource) && this.#serves(deployment, resource))))
  }

  #serves (deployment: Deployment, trigger: Trigger): boolean {
    const { name, kind } = trigger.spec.function
    const service = kind === 'Deployment' ? undefined : [...this.#workloads.values()].find((w): w is Service => w.kind === 'Service' && w.metadata.name === name && w.metadata.namespace === deployment.metadata.namespace)
    if (service === undefined) return kind !== 'Service' && name === deployment.metadata.name
    const labels = deployment.spec.template.metadata.labels
    const selector = Object.entries(service.spec.selector)
    return selector.length > 0 && selector.every(([key, value]) => labels[key] === value)
  }

  #edited (edit: FileEdit): void {
    const note = editNote({ ...edit, changes: edit.changes.filter(({ ref, what }) => what === 'removed' || !this.#refused.has(refKey(ref))) })
    if (note !== undefined) this.#parts.events.emit({ apiVersion: '', kind: 'File', namespace: '', name: edit.file }, { type: 'Normal', reason: 'Edited', note })
  }

  #tell (ref: ObjectRef, problems: readonly Problem[]): void {
    this.#parts.problems.set(refKey(ref), problems.filter(isError))
    if (problems.some(isError)) this.#refused.add(refKey(ref))
    else this.#refused.delete(refKey(ref))
    for (const problem of problems.filter(p => !this.#ofFiles.has(p))) {
      this.#say(problem)
      if (problem.severity === 'error') this.#parts.events.emit(ref, { type: 'Warning', reason: problem.code, note: formatProblem(problem) })
    }
  }

  #say (problem: Problem): void {
    if (problem.severity === 'error') this.#parts.log.error({}, formatProblem(problem))
    else this.#parts.log.warn({}, formatProblem(problem))
  }
}

const workloadKey = (workload: Workload): string => refKey(refOf(workload))
const resourceKey = (resource: Resource): string => refKey({ ...resource, namespace: resource.metadata.namespace, name: resource.metadata.name })
const refOf = ({ kind, metadata }: Workload): ObjectRef => ({ apiVersion: kind === 'Deployment' ? 'apps/v1' : 'v1', kind, namespace: metadata.namespace, name: metadata.name })
