import { jobOf, jobsOfLabel, type ScaledJob } from '../../api/index.js'
import { errorMessage, TidegateError } from '../../core/errors.js'
import { names } from '../../core/names.js'
import type { JobView } from '../../core/scaling/jobs/types.js'
import type { JobRunner, ObjectRef } from '../../runtime/ports.js'
import { ApiError } from '../api/api-error.js'
import { jobViewOf, trimJob, trimJobPod, type KubeJob, type KubeJobPod } from './job-view.js'
import { eachNamespace, type Namespaces } from '../api/namespaces.js'
import { Reflector, type ReflectorParts } from '../api/reflector.js'
import { collectionPath, nameKey, objectPath, type Wire } from '../api/wire.js'
import type { Writer } from '../api/writer.js'

export interface KubeJobsParts extends ReflectorParts {
  readonly namespaces: Namespaces
  readonly writer: Writer
  /** Of the program: a label of what it makes. */
  readonly version: string
}

const apiVersion = 'batch/v1'

type Listener = (jobs: readonly JobView[] | undefined) => void
interface Sight { readonly namespace: string, readonly isFollowed: boolean }
interface Watched { readonly uid: string, readonly listeners: Set<Listener> }

/** Jobs and pods that carry the label of a ScaledJob. Nothing is watched before the first ScaledJob is. */
export class KubeJobs implements JobRunner {
  readonly #parts: KubeJobsParts
  readonly #watching = new AbortController()
  readonly #jobs = new Map<string, Map<string, KubeJob>>()
  readonly #pods = new Map<string, Map<string, KubeJobPod>>()
  readonly #watched = new Map<string, Watched>()
  /** Made by us and not seen yet: the watch is behind our own writes. They count until it shows them, or a list that was asked for later does not: time says nothing of a Job. */
  readonly #unseen = new Map<string, { readonly job: KubeJob, readonly at: number }>()
  readonly #sights: Sight[] = []
  #runs: Promise<unknown> | undefined

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
    const body = jobOf(scaledJob, name, { managedBy: names.product, version })
    try {
      const made = await writer.write<Wire>({ method: 'POST', urgency: 'wake', path: collectionPath(apiVersion, 'jobs', namespace), body })
      if (made === undefined) return false
      this.#made(trimJob(made))
    } catch (error) {
      if (error instanceof ApiError && error.reason === 'AlreadyExists') { // made by a request whose answer was lost
        this.#made({ ...trimJob(body), createdAt: clock.now() })
        return true
      }
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
    const all = eachNamespace(namespaces, namespace => {
      const jobs = new Reflector(this.#parts, { path: collectionPath(apiVersion, 'jobs', namespace), query, trim: trimJob })
      const pods = new Reflector(this.#parts, { path: collectionPath('v1', 'pods', namespace), query, trim: trimJobPod })
      this.#sights.push(...[jobs, pods].map(reflector => ({ namespace, get isFollowed () { return reflector.isFollowed } })))
      const sight = (): void => this.#tellAll(namespace)
      jobs.listen({ applied: job => this.#tookJob(job, job), deleted: job => this.#tookJob(job, undefined), sight, listed: askedAt => this.#listed(namespace, askedAt) })
      pods.listen({ applied: pod => this.#tookPod(pod, pod), deleted: pod => this.#tookPod(pod, undefined), sight })
      return [jobs.run(this.#watching.signal), pods.run(this.#watching.signal)]
    })
    this.#runs = Promise.all(all.flat())
  }

  /** Counts from now on, though it was not seen yet. */
  #made (job: KubeJob): void {
    const { namespace, owner, name } = job
    const owned = nameKey({ namespace, name: owner })
    if (this.#jobs.get(owned)?.has(name) !== true) this.#unseen.set(nameKey(job), { job, at: this.#parts.clock.monotonic() })
    this.#tell(owned)
  }

  /** What was made before a list was asked for and is not in it is gone again. */
  #listed (of: string, askedAt: number): void {
    for (const [key, { job, at }] of this.#unseen) {
      if (at > askedAt || !isIn(of, job.namespace)) continue
      this.#unseen.delete(key)
      this.#tell(nameKey({ namespace: job.namespace, name: job.owner }))
    }
  }

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

  #tellAll (of: string): void {
    for (const key of this.#watched.keys()) if (isIn(of, namespaceOf(key))) this.#tell(key)
  }

  /** By the ScaledJob's namespace and name. Undefined while Jobs or their pods are out of sight: nothing is decided on what may have changed since. */
  #viewsOf (key: string): readonly JobView[] | undefined {
    if (this.#sights.some(({ namespace, isFollowed }) => isIn(namespace, namespaceOf(key)) && !isFollowed)) return undefined
    const uid = this.#watched.get(key)?.uid ?? ''
    const unseen = [...this.#unseen.values()].map(({ job }) => job).filter(job => nameKey({ namespace: job.namespace, name: job.owner }) === key)
    return [...this.#jobs.get(key)?.values() ?? [], ...unseen].map(job => jobViewOf(job, uid, [...this.#pods.get(nameKey(job))?.values() ?? []]))
  }
}

/** Whether one that looks at this namespace, or where it is empty at all, sees the other. */
const isIn = (watched: string, namespace: string): boolean => watched === '' || watched === namespace
const namespaceOf = (key: string): string => key.slice(0, key.indexOf('/'))

function keep<T> (all: Map<string, Map<string, T>>, key: string, name: string, now: T | undefined): void {
  const some = all.get(key) ?? new Map<string, T>()
  if (now === undefined) some.delete(name)
  else some.set(name, now)
  if (some.size === 0) all.delete(key)
  else all.set(key, some)
}
