import { names } from '../core/names.js'
import { refKey, type Clock, type EndpointSource, type Log, type ObjectReader, type ObjectRef, type Ownership, type ResourceSource, type ScaleTarget, type Telemetry, type Workloads as PodCounts } from '../runtime/ports.js'
import { warnOfAbsences } from './absences.js'
import { openAccess, type Access } from './api/access.js'
import { AdmissionWebhook, type WebhookOptions } from './admission/webhook.js'
import { AnnotationStore } from './objects/annotation-store.js'
import type { KedaMode } from './targets/adoption.js'
import { AuthUsers } from './objects/auth-users.js'
import { Autoscalers, targetOf } from './targets/autoscalers.js'
import { Discovery } from './api/discovery.js'
import { Examiner } from './examiner.js'
import { KubeEndpoints } from './functions/endpoints.js'
import { KubeEvents } from './objects/events.js'
import { Finalizers } from './objects/finalizers.js'
import { followedPods } from './targets/followed-pods.js'
import { KubeHttp } from './api/http.js'
import { KubeJobs } from './jobs/jobs.js'
import { LeaseHolder } from './lease.js'
import type { Namespaces } from './api/namespaces.js'
import { Meter } from './api/meter.js'
import { Objects } from './objects/objects.js'
import { warnOfOtherLeases } from './other-leases.js'
import { PodCosts } from './targets/pod-costs.js'
import type { Reflector } from './api/reflector.js'
import { KubeResources, type ObjectStanding } from './objects/resources.js'
import { Rivals } from './targets/rivals.js'
import { Revisions } from './objects/revisions.js'
import { KubeScaleTarget } from './targets/scale-target.js'
import { Speakers } from './objects/speakers.js'
import { KubeStatus } from './objects/status.js'
import { Workloads } from './targets/workloads.js'
import { Writer } from './api/writer.js'

export interface KubeOptions {
  /** As kubectl finds it unless given; in a pod its ServiceAccount. */
  readonly kubeconfig?: string | undefined
  /** Only objects of these. */
  readonly namespaces: Namespaces
  /** Where the lease is; the context's or the pod's namespace unless given. */
  readonly leaseNamespace?: string | undefined
  /** Decides and writes nothing, and needs no lease. */
  readonly shadow: boolean
  readonly keda: KedaMode
  /** Of the program: for the user agent. */
  readonly version: string
  /** Unlike that of any other process, ever. */
  readonly identity: string
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly telemetry: Telemetry
}

/** An attempt at the lease ends after some seconds at the latest. */
const leaseIdleMs = 30_000

/** What one holder of the lease writes through, from the moment it has it until it stops. */
export interface Term {
  readonly state: AnnotationStore
  readonly status: KubeStatus
  readonly events: KubeEvents
}

/** The ports over the Kubernetes API. Caches are warm from `start` on, whoever holds the lease. */
export class KubeCluster {
  readonly resources: ResourceSource
  readonly objects: ObjectReader
  readonly targets: ScaleTarget
  readonly endpoints: EndpointSource
  /** Counts of pods, for scalers. */
  readonly pods: PodCounts
  readonly jobs: KubeJobs
  readonly ownership: Ownership
  /** Undefined where we only watch. */
  readonly lease: LeaseHolder | undefined
  readonly server: string
  /** Where the lease is, and the Secrets of ClusterTriggerAuthentications. */
  readonly homeNamespace: string
  /** Whether we are a pod of the cluster. */
  readonly isPod: boolean
  readonly #options: KubeOptions
  readonly #http: KubeHttp
  readonly #writer: Writer
  readonly #resources: KubeResources
  readonly #speakers: Speakers
  readonly #discovery: Discovery
  readonly #reflectors: readonly Reflector<unknown>[]
  readonly #watching = new AbortController()
  readonly #electing = new AbortController()
  #webhook: AdmissionWebhook | undefined
  #runs: Promise<unknown> = Promise.resolve()
  #election: Promise<unknown> = Promise.resolve()

  constructor (http: KubeHttp, meter: Meter, access: Access, options: KubeOptions) {
    const { clock, random, log, shadow, keda, namespaces, identity, version } = options
    this.#options = options
    this.#http = http
    const server = this.server = access.server.host
    const homeNamespace = this.homeNamespace = options.leaseNamespace ?? access.namespace ?? namespaces[0] ?? 'default'
    this.isPod = access.isPod
    const reflecting = { http, clock, random, log, meter }
    this.lease = shadow ? undefined : new LeaseHolder({ http, clock, log, namespace: homeNamespace, name: names.product, identity })
    if (this.lease !== undefined) meter.leader(false)
    this.lease?.changes(() => meter.leader(this.lease?.holds === true))
    this.#writer = new Writer(http, { mayWrite: () => this.lease?.mayWrite() ?? true, soon: async () => this.lease?.soon() }, shadow)
    const workloads = new Workloads(reflecting, namespaces)
    const autoscalers = new Autoscalers(reflecting, namespaces)
    const discovery = this.#discovery = new Discovery(http, clock)
    const endpoints = new KubeEndpoints({ ...reflecting, workloads, autoscalers, discovery, namespaces })
    this.#resources = new KubeResources({ ...reflecting, autoscalers, workloads, namespaces, shadow, keda, cluster: server })
    this.#speakers = new Speakers(fn => endpoints.workloadOf(fn)?.ref)
    for (const reflector of this.#resources.reflectors) reflector.listen(this.#speakers)
    this.resources = this.#resources
    const users = new AuthUsers({
      writer: this.#writer, clock, log, seesAll: namespaces.length === 0, all: () => this.#resources.values(), of: (kind, namespace, name) => this.#resources.of(kind, namespace, name),
      isOurs: resource => this.#resources.isOurs(resource),
    })
    for (const reflector of this.#resources.reflectors) reflector.listen(users)
    this.lease?.changes(() => users.look())
    this.objects = new Objects({ http, clock, workloads, discovery })
    this.endpoints = endpoints
    this.pods = followedPods(reflecting)
    this.targets = new KubeScaleTarget({ http, writer: this.#writer, workloads, discovery, podCosts: new PodCosts({ http, writer: this.#writer, workloads }), clock, log })
    this.jobs = new KubeJobs({ ...reflecting, namespaces, writer: this.#writer, version })
    const finalizers = new Finalizers({
      mode: keda, http, writer: this.#writer, discovery, clock, log, again: resource => this.#resources.again(resource),
      isTaken: target => this.#speakers.of(refKey(target)) !== undefined || autoscalers.of(target.namespace).some(hpa => refKey(targetOf(hpa)) === refKey(target)),
    })
    this.#resources.tendWith(finalizers)
    const rivals = new Rivals({
      mode: keda, autoscalers, writer: this.#writer, clock, log, speakerFor: target => this.#speakers.of(target),
      standing: resource => this.#resources.standing(resource), adopted: resource => finalizers.adopted(resource),
    })
    this.ownership = {
      owns: () => shadow || this.lease?.holds === true, // the instant of a write has a check of its own
      rival: (target, decided) => shadow ? undefined : rivals.of(target, decided),
      changes: listener => {
        const stop = [this.lease?.changes(() => listener()) ?? (() => undefined), autoscalers.onChange(hpa => listener(targetOf(hpa)))]
        return () => { for (const each of stop) each() }
      },
    }
    this.#reflectors = [...this.#resources.reflectors, ...this.#resources.kedaOperators.reflectors, ...workloads.reflectors, ...autoscalers.reflectors, ...endpoints.reflectors]
  }

  /** Questions about the cluster; they need no `start`. */
  get examiner (): Examiner { return new Examiner(this.#http) }

  /** Every object of ours that was listed, and whose it is. */
  standings (): readonly ObjectStanding[] { return this.#resources.standings() }

  /** Operators of KEDA that are at work in what is looked at. */
  get kedaOperators (): readonly string[] { return this.#resources.kedaOperators.atWork }

  /** Whether a KEDA would be seen wherever it ran. Known when everything is. */
  get seesKeda (): boolean { return this.#resources.kedaOperators.run !== undefined }

  /** How a target's kind is reached; undefined where the server has no such kind. */
  kindOf (target: ObjectRef): ReturnType<Discovery['find']> { return this.#discovery.find(target.apiVersion, target.kind) }

  /** Whether everything that is watched was listed. */
  isSynced = false

  /** What stands still that should not; empty while nothing does. An API server that is away is no such thing. */
  stuck (): readonly string[] {
    const idleMs = this.lease?.idleMs ?? 0
    return idleMs < leaseIdleMs ? [] : [`the lease was not tried for in ${Math.round(idleMs / 1000)} s`]
  }

  /** Begins to watch; resolves when everything is known, or at once when the signal aborts. */
  async start (signal: AbortSignal): Promise<void> {
    this.#runs = Promise.all(this.#reflectors.map(reflector => reflector.run(this.#watching.signal)))
    const aborted = new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
    await Promise.race([Promise.all(this.#reflectors.map(reflector => reflector.synced)), aborted])
    this.isSynced = !signal.aborted
  }

  /** What objects are checked against has changed: all of them are told anew. */
  tellAgain (): void { this.#resources.tellAgain() }

  /** Stands for election until `stop`. */
  elect (): void {
    const { clock, log, namespaces } = this.#options
    if (this.lease === undefined) return
    const looking = namespaces.length > 0 ? undefined : warnOfOtherLeases({ http: this.#http, clock, log, namespace: this.homeNamespace }, this.#electing.signal)
    this.#election = Promise.all([this.lease.run(this.#electing.signal), looking])
  }

  /** Warns of what is not there, when everything is known. */
  warnOfAbsences (): Promise<void> { return warnOfAbsences({ http: this.#http, discovery: this.#discovery, namespaces: this.#options.namespaces, log: this.#options.log }) }

  /** What there is to be scaled or to scale with. */
  registered (): ReturnType<KubeResources['registered']> { return this.#resources.registered() }

  /** Serves the admission webhook until `stop`: in every replica, whoever holds the lease. Once; when everything is known. */
  serveWebhook (options: WebhookOptions): void {
    const { clock, log } = this.#options
    this.#webhook = new AdmissionWebhook({ ...options, http: this.#http, clock, log, namespace: this.homeNamespace, surroundings: this.#resources })
    this.#webhook.start()
  }

  /** What the loops write through, for as long as the lease is held this time. */
  term (): Term {
    const { clock, random, log, identity } = this.#options
    const [http, writer, revisions, resources] = [this.#http, this.#writer, new Revisions(), this.#resources]
    const epoch = this.lease?.epoch ?? 0 // of this term, whoever holds the lease later
    const events = new KubeEvents({ writer, clock, random, log, instance: identity, uidOf: ref => resources.get(ref)?.uid })
    return {
      events,
      state: new AnnotationStore({
        http, writer, revisions, log, epoch: () => epoch, speakerFor: target => this.#speakers.of(target),
        find: (kind, namespace, name) => resources.of(kind, namespace, name),
      }),
      status: new KubeStatus({ writer, revisions, clock, log, find: ref => resources.get(ref), tell: (ref, event) => events.emit(ref, event) }),
    }
  }

  /** Gives the lease back and lets go of the API server; only after the loops have stopped. */
  async stop (): Promise<void> {
    this.#electing.abort()
    await this.#election
    await this.lease?.release()
    await this.#webhook?.stop()
    this.#watching.abort()
    await Promise.all([this.#runs, this.jobs.stop()])
    await this.#http.close()
  }
}

export async function kubeCluster (options: KubeOptions): Promise<KubeCluster> {
  const access = await openAccess(options)
  const meter = new Meter(options.telemetry)
  const http = new KubeHttp({ access, clock: options.clock, log: options.log, version: options.version, meter })
  return new KubeCluster(http, meter, access, options)
}
