import { jobOf, jobsOfLabel, type ScaledJob } from '../api/index.js'
import { errorMessage, TidegateError } from '../core/errors.js'
import { names } from '../core/names.js'
import type { JobView } from '../core/scaling/jobs/types.js'
import type { JobRunner, ObjectRef } from '../runtime/ports.js'
import { ApiError } from './api-error.js'
import { jobViewOf, trimJob, trimJobPod, type KubeJob, type KubeJobPod } from './job-view.js'
import { eachNamespace, type Namespaces } from './namespaces.js'
import { Reflector, type ReflectorParts } from './reflector.js'
import { collectionPath, nameKey, objectPath, type Wire } from './wire.js'
import type { Writer } from './writer.js'

export interface KubeJobsParts extends ReflectorParts {
  readonly namespaces: Namespaces
  readonly writer: Writer
  /** Of the program: a label of what it makes. */
  readonly version: string
}

const apiVersion = 'batch/v1'
/** A Job of ours that the watch has not shown in this time is gone again. */
const unseenMs = 30_000

type Listener = (jobs: readonly JobView[] | undefined) => void
interface Watched { readonly uid: string, readonly listeners: Set<Listener> }

/** Jobs and pods that carry the label of a ScaledJob. Nothing is watched before the first ScaledJob is. */
export class KubeJobs implements JobRunner {
  readonly #parts: KubeJobsParts
  readonly #watching = new AbortController()
  readonly #jobs = new Map<string, Map<string, KubeJob>>()
  readonly #pods = new Map<string, Map<string, KubeJobPod>>()
  readonly #watched = new Map<string, Watched>()
  /** Made by us and not seen yet: the watch is behind our own writes. */
  readonly #unseen = new Map<string, { readonly job: KubeJob, readonly at: number }>()
  #runs: Promise<unknown> | undefined
  #isSynced = false

  constructor (parts: KubeJobsParts) { this.#parts = parts }

  problems (): readonly never[] { return [] }

  watch ({ metadata: { namespace, name, uid = '' } }: ScaledJob, listener: Listener): () => void {
    this.#begin()
    const key = nameKey({ namespace, name })
    const watched = this.#watched.get(key) ?? { uid, listeners: new Set() }
    this.#watched.set(key, { uid, listeners: watched.listeners.add(listener) })
    listener(this.#viewsOf(key))
    return () => {
      watched.listeners.delete(listener)
      if (watched.listeners.size === 0) this.#watched.delete(key)
    }
  }

  async create (scaledJob: ScaledJob, name: string): Promise<boolean> {
    const { writer, clock, version } = this.#parts
    const { namespace } = scaledJob.metadata
    try {
      const made = await writer.write<Wire>({
        method: 'POST', urgency: 'wake', path: collectionPath(apiVersion, 'jobs', namespace), body: jobOf(scaledJob, name, { managedBy: names.product, version }),
      })
      if (made === undefined) return false
      const job = trimJob(made)
      if (this.#known(job) === undefined) this.#unseen.set(nameKey(job), { job, at: clock.monotonic() })
      this.#tell(nameKey({ namespace, name: job.owner }))
    } catch (error) {
      if (error instanceof ApiError && error.reason === 'AlreadyExists') return true
      if (error instanceof ApiError && !error.isPassing && error.status >= 400 && error.status < 500 && error.status !== 429) throw new TidegateError('TG_TARGET_START_FAILED', errorMessage(error), { cause: error })
      throw error
    }
    return true
  }

  async delete ({ metadata: { namespace } }: ScaledJob, name: string, propagation: 'foreground' | 'background'): Promise<void> {
    const propagationPolicy = propagation === 'foreground' ? 'Foreground' : 'Background'
    try {
      await this.#parts.writer.write({ method: 'DELETE', urgency: 'down', path: objectPath(apiVersion, 'jobs', namespace, name), body: { kind: 'DeleteOptions', apiVersion: 'v1', propagationPolicy } })
    } catch (error) {
      if (!(error instanceof ApiError) || !error.isMissing) throw error
    }
  }

  /** The garbage collector sees to what nobody owns any more. */
  retain (): void { /* nothing to do */ }
  abandon (_scaledJob: ObjectRef): void { /* nothing to do */ }

  async stop (): Promise<void> {
    this.#watching.abort()
    await this.#runs
  }

  #begin (): void {
    if (this.#runs !== undefined) return
    const query = { labelSelector: jobsOfLabel }
    const { namespaces } = this.#parts
    const jobs = eachNamespace(namespaces, namespace => new Reflector(this.#parts, { path: collectionPath(apiVersion, 'jobs', namespace), query, trim: trimJob }))
    const pods = eachNamespace(namespaces, namespace => new Reflector(this.#parts, { path: collectionPath('v1', 'pods', namespace), query, trim: trimJobPod }))
    for (const each of jobs) each.listen({ applied: job => this.#tookJob(job, job), deleted: job => this.#tookJob(job, undefined) })
    for (const each of pods) each.listen({ applied: pod => this.#tookPod(pod, pod), deleted: pod => this.#tookPod(pod, undefined) })
    const all = [...jobs, ...pods]
    this.#runs = Promise.all(all.map(reflector => reflector.run(this.#watching.signal)))
    void Promise.all(all.map(reflector => reflector.synced)).then(() => {
      this.#isSynced = true
      for (const key of this.#watched.keys()) this.#tell(key)
    })
  }

  #known ({ namespace, owner, name }: KubeJob): KubeJob | undefined { return this.#jobs.get(nameKey({ namespace, name: owner }))?.get(name) }

  #tookJob (named: KubeJob, now: KubeJob | undefined): void {
    const { namespace, owner, name } = named
    this.#unseen.delete(nameKey(named))
    const key = nameKey({ namespace, name: owner })
    keep(this.#jobs, key, name, now)
    this.#tell(key)
  }

  #tookPod ({ namespace, owner, job, name }: KubeJobPod, now: KubeJobPod | undefined): void {
    keep(this.#pods, nameKey({ namespace, name: job }), name, now)
    this.#tell(nameKey({ namespace, name: owner }))
  }

  #tell (key: string): void {
    const views = this.#viewsOf(key)
    for (const listener of this.#watched.get(key)?.listeners ?? []) listener(views)
  }

  /** By the ScaledJob's namespace and name. */
  #viewsOf (key: string): readonly JobView[] | undefined {
    if (!this.#isSynced) return undefined
    const uid = this.#watched.get(key)?.uid ?? ''
    const now = this.#parts.clock.monotonic()
    for (const [name, { at }] of this.#unseen) if (now - at > unseenMs) this.#unseen.delete(name)
    const unseen = [...this.#unseen.values()].map(({ job }) => job).filter(job => nameKey({ namespace: job.namespace, name: job.owner }) === key)
    return [...this.#jobs.get(key)?.values() ?? [], ...unseen].map(job => jobViewOf(job, uid, [...this.#pods.get(nameKey(job))?.values() ?? []]))
  }
}

function keep<T> (all: Map<string, Map<string, T>>, key: string, name: string, now: T | undefined): void {
  const some = all.get(key) ?? new Map<string, T>()
  if (now === undefined) some.delete(name)
  else some.set(name, now)
  if (some.size === 0) all.delete(key)
  else all.set(key, some)
}
