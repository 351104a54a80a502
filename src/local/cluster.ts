import type { Deployment, Service, Workload } from '../api/workload/index.js'
import { TidegateError } from '../core/errors.js'
import { refKey, type FunctionRef, type FunctionState, type ObjectRef, type PodContainer, type StateStore } from '../runtime/ports.js'
import { isError, type Problem } from '../spec/problem.js'
import { DeploymentController } from './deployment-controller.js'
import { fileStore } from './file-store.js'
import { backendPort, functionState, noKnative } from './function-state.js'
import { guard, type Guard } from './guard.js'
import { LocalJobs } from './jobs.js'
import type { LocalService, ServicePort } from './local-service.js'
import { logKeeper } from './log-keeper.js'
import { Manifests } from './manifests.js'
import { notRun } from './not-run.js'
import type { LocalOptions, ReplicaView } from './options.js'
import { inBackground, type LocalParts } from './parts.js'
import { podPlan, type PodPlan } from './pod-plan.js'
import type { ReplicaRecord } from './record.js'
import type { Replica } from './replica.js'
import { kubeletRestarts } from './restart-backoff.js'
import type { Backend } from './service-listener.js'
import { Services } from './services.js'
import { Starts } from './starts.js'
import { stateFolder } from './state-folder.js'
import { endOrphan, takeOverFolder } from './take-over.js'
import { watchers } from './watchers.js'

const guardAfterMs = 100

/** How long `start` waits for the first answers of adopted replicas. */
const firstAnswersMs = 1000

/** The room as a whole; `localCluster` shows it through the ports. */
export class Cluster {
  readonly manifests = new Manifests()
  readonly watchers = watchers()
  /** Resolves when the state folder is ours. */
  readonly opened: Promise<StateStore>
  readonly jobs: LocalJobs
  readonly #parts: LocalParts
  readonly #guard: Guard
  readonly #deployments = new Map<string, DeploymentController>()
  readonly #services: Services
  readonly #starts: Starts
  readonly #life = new AbortController()
  /** Work on what is in no map any more; `stop` waits for it. */
  readonly #leaving = new Set<Promise<void>>()
  #open!: (store: StateStore) => void
  #starting: Promise<void> | undefined
  #stopping: Promise<void> | undefined
  #isRunning = false
  #unlock = (): void => undefined

  constructor (private readonly options: LocalOptions) {
    const { stateDir, clock, random, log, events, restarts = kubeletRestarts, adoptionSeconds = 30 } = options
    this.#parts = { folder: stateFolder(stateDir), clock, random, log, events, restarts }
    this.#guard = guard(this.#parts.folder, adoptionSeconds)
    this.opened = new Promise(resolve => { this.#open = resolve })
    this.#services = new Services({ ...this.#parts, backends: (service, port) => this.#backends(service, port) }, () => this.watchers.changed())
    this.#starts = new Starts({ services: this.#services, manifests: this.manifests, random, living: () => this.#replicas().map(replica => replica.name) })
    this.jobs = new LocalJobs({
      ...this.#parts, isStrict: options.strict === true, prepare: (plan, pod) => this.#starts.prepare(plan, pod), beforeStart: () => this.#guard.ensure(),
    })
  }

  start (signal?: AbortSignal): Promise<void> {
    signal?.addEventListener('abort', () => inBackground(this.stop(), this.#parts.log, 'could not stop'), { once: true })
    return this.#stopping ?? (this.#starting ??= this.#start())
  }

  stop (): Promise<void> {
    return this.#stopping ??= this.#stop()
  }

  async #start (): Promise<void> {
    const { folder, clock } = this.#parts
    const { replicas, ending, unlock } = await takeOverFolder(this.#parts, this.options.fresh === true)
    this.#unlock = unlock
    for (const end of ending) this.#leave(end)
    this.#open(fileStore(folder.values, clock.now().toString(36)))
    await this.#services.open()
    this.jobs.open(replicas.filter(record => record.job !== undefined), Promise.allSettled(ending))
    const adopted = replicas.filter(record => record.job === undefined).map(record => this.#adopt(record)).filter(replica => replica !== undefined)
    const waited = new AbortController()
    await Promise.race([Promise.all(adopted.map(replica => replica.firstAnswer)), clock.sleep(firstAnswersMs, waited.signal)])
    waited.abort()
    this.#isRunning = true
    // Before the first wish as a rule, so that a wake does not wait for it, and after the start, which does not wait for it either.
    clock.after(guardAfterMs, () => { if (this.#isRunning && this.#deployments.size > 0) this.#guard.ensure() })
    logKeeper(this.#parts, () => new Set([...this.#replicas().map(replica => replica.identity.log), ...this.jobs.logs]), this.#life.signal)
    for (const deployment of this.#deployments.values()) deployment.begin()
    this.watchers.changed()
  }

  async #stop (): Promise<void> {
    if (this.#starting === undefined) return
    await Promise.allSettled([this.#starting])
    if (!this.#isRunning) return
    this.#isRunning = false
    if (this.options.keep === true) {
      for (const deployment of this.#deployments.values()) deployment.letGo()
      this.jobs.letGo()
      this.#guard.letGo()
    } else {
      await Promise.all([this.jobs.stop(), ...[...this.#deployments.values()].map(deployment => deployment.endAll())])
      await Promise.allSettled(this.#leaving)
      this.#guard.dismiss()
    }
    this.#life.abort()
    // Services go last: replicas that finish their work may still need one another.
    await this.#services.closeAll()
    this.#unlock()
  }

  apply (workload: Workload, keepReplicas: boolean): readonly Problem[] {
    const problems = [...notRun(workload, this.options.strict === true)]
    if (workload.kind === 'Deployment') {
      const plan = podPlan(workload)
      if ('code' in plan) problems.push(plan)
      else if (!problems.some(isError)) this.#applyDeployment(workload, plan, keepReplicas)
    } else if (!problems.some(isError)) {
      if (workload.kind === 'Service') this.#services.apply(keyOf(workload.metadata), workload)
      else this.#applyData(workload)
    }
    this.watchers.changed()
    return problems
  }

  #applyDeployment ({ metadata, spec }: Deployment, plan: PodPlan, keepReplicas: boolean): void {
    const key = keyOf(metadata)
    const known = this.#deployments.get(key)
    const ref: ObjectRef = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: metadata.namespace, name: metadata.name }
    const deployment = known ?? new DeploymentController(ref, plan, spec.replicas, {
      ...this.#parts,
      prepare: (plan, identity) => this.#starts.prepare(plan, identity),
      readinessOf: (plan, port) => this.#starts.readinessOf(plan, port),
      beforeStart: () => this.#guard.ensure(),
      changed: () => this.watchers.changed(),
      signal: this.#life.signal,
    })
    this.#deployments.set(key, deployment)
    known?.replan(plan)
    if (!keepReplicas) deployment.set(spec.replicas)
    if (known === undefined && this.#isRunning) deployment.begin()
  }

  #applyData (workload: Extract<Workload, { kind: 'Secret' | 'ConfigMap' }>): void {
    this.manifests.apply(workload)
    for (const { ref, replicas } of this.#deployments.values()) {
      if (ref.namespace === workload.metadata.namespace) for (const replica of replicas) replica.retryNow()
    }
  }

  delete (ref: ObjectRef): void {
    const key = keyOf(ref)
    if (ref.kind === 'Deployment') {
      const deployment = this.#deployments.get(key)
      this.#deployments.delete(key)
      if (deployment !== undefined) this.#leave(deployment.delete())
    } else if (ref.kind === 'Service') {
      this.#services.delete(key)
    } else {
      this.manifests.delete(ref.kind, ref.namespace, ref.name)
    }
    this.watchers.changed()
  }

  deployment (ref: ObjectRef): DeploymentController | undefined {
    return ref.kind === 'Deployment' ? this.#deployments.get(keyOf(ref)) : undefined
  }

  setReplicas (ref: ObjectRef, replicas: number, busy: ReadonlySet<string>): void {
    const deployment = this.deployment(ref)
    if (deployment === undefined) {
      throw new TidegateError('TG_TARGET_NOT_FOUND', `there is no ${refKey(ref)} on this machine`, { hint: 'its manifest must be among those that run' })
    }
    deployment.set(replicas, busy)
    this.watchers.changed()
  }

  /** Containers as the worker sees them: the Services' variables stand before its own. */
  async containers (ref: ObjectRef): Promise<readonly PodContainer[] | undefined> {
    await this.opened
    await this.#services.bound()
    const deployment = this.deployment(ref)
    if (deployment === undefined) return undefined
    const { name, env, envFrom } = deployment.plan.container
    return [{ name, env: [...this.#services.variables(ref.namespace), ...env], envFrom }]
  }

  /** Deployments of a namespace, `*`: of all. */
  deploymentsOf (namespace: string): readonly DeploymentController[] {
    return [...this.#deployments.values()].filter(({ ref }) => namespace === '*' || ref.namespace === namespace)
  }

  /** All namespaces of a machine belong to whoever runs it: a function of another one needs no permission. */
  functionState ({ namespace, name, port, kind = 'Auto' }: FunctionRef): FunctionState | undefined {
    const key = keyOf({ namespace, name })
    if (kind === 'KnativeService') return noKnative
    const service = kind === 'Deployment' ? undefined : this.#services.get(key)
    const own = kind === 'Service' ? undefined : this.#deployments.get(key)
    const deployments = service === undefined ? [own].filter(d => d !== undefined) : this.#selectedBy(service)
    return service === undefined && own === undefined ? undefined : functionState({ service, deployments }, port)
  }

  views (ref: ObjectRef): readonly ReplicaView[] | undefined {
    const deployment = this.deployment(ref)
    return deployment === undefined ? undefined : [...deployment.replicas].map(({ name, phase, isReady, pid, port, restarts, startedAt, readyAt, failure, identity }) =>
      ({ name, phase, ready: isReady, pid, port, restarts, startedAt, readyAt, failure, log: identity.log }))
  }

  #adopt (record: ReplicaRecord): Replica | undefined {
    const deployment = this.#deployments.get(keyOf({ namespace: record.namespace, name: record.deployment }))
    if (deployment === undefined) {
      this.#leave(endOrphan(record, this.#parts))
      return undefined
    }
    this.#starts.took(record.name, record.port)
    return deployment.adopt(record)
  }

  #selectedBy (local: LocalService): readonly DeploymentController[] {
    return [...this.#deployments.values()]
      .filter(({ plan }) => plan.namespace === local.service.metadata.namespace && local.matches(plan.labels))
      .sort((a, b) => a.ref.name < b.ref.name ? -1 : 1)
  }

  #backends (service: Service, port: ServicePort): readonly Backend[] {
    const local = this.#services.get(keyOf(service.metadata))
    return local === undefined ? [] : this.#selectedBy(local).flatMap(deployment => [...deployment.replicas].flatMap(replica => {
      const target = replica.isReady ? backendPort(deployment, replica, port) : undefined
      return target === undefined ? [] : [{ host: '127.0.0.1', port: target }]
    }))
  }

  #replicas (): readonly Replica[] {
    return [...this.#deployments.values()].flatMap(deployment => [...deployment.replicas])
  }

  #leave (work: Promise<void>): void {
    this.#leaving.add(work)
    inBackground(work.finally(() => this.#leaving.delete(work)), this.#parts.log, 'could not end a replica')
  }
}

const keyOf = ({ namespace, name }: { readonly namespace: string, readonly name: string }): string => `${namespace}/${name}`
