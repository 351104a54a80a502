import type { Resource, ScaledJob } from '../api/index.js'
import type { EpochMs } from '../core/clock.js'
import type { Envelope, Outcome } from '../core/delivery/types.js'
import type { LabelsOf, MetricName } from '../core/metrics.js'
import type { JobCounts, JobsDecision, JobsPolicy, JobView } from '../core/scaling/jobs/types.js'
import type { Comparison } from '../core/scaling/comparison.js'
import type { CurrentReplicas, Decision, Reading, ScaleMemory, ScalePolicy } from '../core/scaling/types.js'
import type { Problem } from '../spec/problem.js'

export type { Clock, EpochMs } from '../core/clock.js'
export type { FollowedPods, Log, Workloads } from '../plugin/kit.js'

/** What the loops see of the world. Local mode and Kubernetes implement the same ports. */

/** Names one object. `namespace` is empty for what is cluster-wide. */
export interface ObjectRef { readonly apiVersion: string, readonly kind: string, readonly namespace: string, readonly name: string }

/** One string for maps and logs: `Deployment default/thumbnailer`. The API group is left out: one name, one target. */
export const refKey = (ref: ObjectRef): string => `${ref.kind} ${ref.namespace === '' ? '' : `${ref.namespace}/`}${ref.name}`

/** Where ScaledObjects, Triggers and TriggerAuthentications come from. Level-based: what is told last is the truth. */
export interface ResourceSource {
  /** Tells what is there, then `synced`, then every change, until the signal aborts. */
  watch(listener: ResourceListener, signal: AbortSignal): Promise<void>
}
export interface ResourceListener {
  applied(resource: Resource): void
  /** A resource that is there and cannot be used. What ran under this name before goes on. */
  refused(ref: ObjectRef, problems: readonly Problem[]): void
  /** The object is gone, or is about to be. `done`: called when nothing of it runs any more; the source then gives the target back itself. */
  deleted(ref: ObjectRef, done?: () => void): void
  /** The object is there and another's now: its target is left as it is. Only of sources that others read too. */
  left?(ref: ObjectRef): void
  synced(): void
}

/** Decoded values of a Secret or ConfigMap. */
export type Data = Readonly<Record<string, string>>

/** The part of a workload's pod template that credentials are read from. */
export interface PodContainer {
  readonly name: string
  readonly env: readonly EnvVar[]
  readonly envFrom: readonly EnvFrom[]
}
export interface EnvVar {
  readonly name: string
  readonly value?: string | undefined
  readonly valueFrom?: {
    readonly secretKeyRef?: KeyRef | undefined
    readonly configMapKeyRef?: KeyRef | undefined
  } | undefined
}
export interface KeyRef { readonly name: string, readonly key: string, readonly optional?: boolean | undefined }
export interface EnvFrom {
  readonly prefix?: string | undefined
  readonly secretRef?: { readonly name: string, readonly optional?: boolean | undefined } | undefined
  readonly configMapRef?: { readonly name: string, readonly optional?: boolean | undefined } | undefined
}

/**
 * Gets one named object. Undefined: it does not exist. Rejects with TG_REF_FORBIDDEN where we may not look, otherwise where it could not be asked.
 * `maxAgeMs`: how old an answer to somebody else's same question may be.
 */
export interface ObjectReader {
  secret(namespace: string, name: string, maxAgeMs: number): Promise<Data | undefined>
  configMap(namespace: string, name: string, maxAgeMs: number): Promise<Data | undefined>
  /** A token of a service account that is good for minutes at least. Rejects with TG_CONFIG_NOT_LOCAL where there are none. */
  token(namespace: string, serviceAccount: string, maxAgeMs: number): Promise<string | undefined>
  /** Containers of a workload's pod template; empty where the kind has none. */
  containers(target: ObjectRef): Promise<readonly PodContainer[] | undefined>
}

/** Files of credentials below a root that the owner of this process chose. */
export interface AuthFiles {
  /** The pairs of one JSON file, by its path below the root. Rejects with what is wrong with path or file; never with what is in it. */
  read(path: string): Promise<Data>
}

/** A target's counts as last seen. */
export type TargetState = CurrentReplicas

/** Watches counts and sets them. */
export interface ScaleTarget {
  /** Calls back at once with what is known (undefined: the target does not exist, or its kind cannot be scaled) and after every change, until stopped. */
  watch(target: ObjectRef, listener: (state: TargetState | undefined, lacksScale?: boolean) => void): () => void
  /**
   * Asks for this many replicas. Resolves when the wish is taken, not when they run. Rejects when it was not taken.
   * `busy`: names of replicas (as in `Endpoint.id`) that work right now and are the last to go.
   */
  set(target: ObjectRef, replicas: number, busy: ReadonlySet<string>): Promise<void>
}

/** The Jobs of ScaledJobs, found by the object's name. */
export interface JobRunner {
  /** What of a ScaledJob cannot be run here, or is left out; empty: nothing. */
  problems(scaledJob: ScaledJob): readonly Problem[]
  /** Calls back at once with what is known (undefined: the Jobs could not be listed yet) and after every change, until stopped. */
  watch(scaledJob: ScaledJob, listener: (jobs: readonly JobView[] | undefined) => void): () => void
  /**
   * Makes one Job of the object as it is now. A Job of this name is as good as made; from then on it is among the Jobs that are told. False: nothing is
   * made because we only watch. Rejects with TG_TARGET_START_FAILED where it is refused for good, and otherwise where nobody knows whether it was made.
   */
  create(scaledJob: ScaledJob, name: string): Promise<boolean>
  /** Deletes a Job and what it runs. One that is gone already is deleted. */
  delete(scaledJob: ScaledJob, name: string, propagation: 'foreground' | 'background'): Promise<void>
  /** Told when everything that is there at the start was told: Jobs of others are nobody's. A cluster sees to them by itself. */
  retain(scaledJobs: readonly ObjectRef[]): void
  /** The object was deleted: its Jobs go with it. A cluster sees to that by itself. */
  abandon(scaledJob: ObjectRef): void
}

/** One ready address of a function. */
export interface Endpoint {
  /** Unique among the function's endpoints for as long as it lives: the replica's name. */
  readonly id: string
  /** `http://host:port`. */
  readonly url: string
}

/** A function as a Trigger names it. */
export interface FunctionRef {
  readonly namespace: string
  readonly name: string
  readonly port?: number | string | undefined
  /** `Auto`: the Service of this name, or the Deployment where there is none. */
  readonly kind?: 'Auto' | 'Service' | 'Deployment' | 'KnativeService' | undefined
  /** Namespace of who asks, the function's own unless given: another one needs to be allowed. */
  readonly from?: string | undefined
}

/** What stands behind a function name. */
export interface FunctionState {
  /** What to scale when it has no ready endpoint; undefined where nothing that we may scale is behind it. */
  readonly target: ObjectRef | undefined
  readonly endpoints: readonly Endpoint[]
  /** Somebody else who scales the target, by kind and name: we leave it to him. */
  readonly scaledBy?: string | undefined
  /** All that could be the target, by kind and name, where its Service selects several: then none of them is scaled. */
  readonly candidates?: readonly string[] | undefined
  /** Why nothing can be delivered until somebody mends it: a word for the condition, and what to do. */
  readonly trouble?: { readonly reason: string, readonly message: string } | undefined
  /** When the newest replica was started and when it became ready; for the split of a wake. */
  readonly lastStart?: { readonly startedAt: EpochMs, readonly readyAt: EpochMs } | undefined
}

export interface EndpointSource {
  /** Calls back at once with what is known (undefined: no such function) and after every change, until stopped. */
  watch(fn: FunctionRef, listener: (state: FunctionState | undefined) => void): () => void
}

/** How one event is POSTed. Made once per Trigger; `headers` are constant. */
export interface CallOptions {
  readonly path: string
  readonly method: string
  readonly timeoutMs: number
  readonly envelope: 'CloudEventsBinary' | 'CloudEventsStructured' | 'Raw'
  readonly headers: Readonly<Record<string, string>>
  readonly success: readonly (readonly [number, number])[]
}

export interface FunctionEndpoint {
  /** One call. Never rejects: what went wrong is an Outcome. `headers` are added to the constant ones. */
  send(endpoint: Endpoint, event: Envelope, options: CallOptions, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Outcome>
  /** Closes idle connections to an endpoint that is gone. */
  forget(endpoint: Endpoint): void
  close(): Promise<void>
}

/** Small values that survive a restart. Each has a version that a write must name. */
export interface StateStore {
  get(key: string): Promise<{ readonly value: string, readonly version: string } | undefined>
  /** Writes if the present version is `version` (undefined: absent). False when it is another. */
  compareAndSet(key: string, version: string | undefined, value: string): Promise<boolean>
  delete(key: string): Promise<void>
}

/** Who works on a target. Local: always us. */
export interface Ownership {
  owns(target: ObjectRef): boolean
  /**
   * Who else scales a target of ours now: nothing is written while anybody does. `decided`: our sources were read and a decision is there,
   * so that whoever we are to replace may be sent away.
   */
  rival(target: ObjectRef, decided: boolean): Rival | undefined
  /** Calls back whenever an answer about a target, or about all of them, may have changed, until stopped. */
  changes(listener: (target?: ObjectRef) => void): () => void
}
/** `message` names who it is and says what to do. */
export interface Rival { readonly message: string }

export interface Condition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
}

/** What is known of one object, told whenever it changes; sinks write only differences. */
export interface ObjectStatus {
  readonly ref: ObjectRef
  readonly conditions: readonly Condition[]
  readonly scaling?: ScalingStatus
  readonly jobs?: JobsStatus
  readonly delivery?: DeliveryStatus
}
export interface ScalingStatus {
  readonly target: ObjectRef
  readonly current: CurrentReplicas
  readonly decision: Pick<Decision, 'replicas' | 'reason' | 'steps' | 'active'>
  readonly decidedAt: EpochMs
  readonly readings: readonly Reading[]
  /** What the decision left to be remembered. */
  readonly memory?: ScaleMemory
  readonly activeTriggers?: readonly string[]
  /** The count that a pause asks for. */
  readonly pausedReplicas?: number
  /** Where we only watch: what the other did beside what we would have done. */
  readonly comparison?: Comparison
  /** When each source is looked at next, and why then. */
  readonly nextLookAt: EpochMs
  readonly pollingIntervalMs: number
}
/** Of a ScaledJob. */
export interface JobsStatus {
  /** Undefined: not known. */
  readonly counts: JobCounts | undefined
  readonly decision: Pick<JobsDecision, 'create' | 'reason' | 'steps' | 'active'>
  readonly decidedAt: EpochMs
  readonly readings: readonly Reading[]
  readonly nextLookAt: EpochMs
  readonly lastActiveAt?: EpochMs
}
export interface DeliveryStatus {
  readonly source: string
  readonly guarantee: 'at-least-once' | 'at-most-once'
  readonly inFlight: number
  readonly slots: number
  /** Since this process began. */
  readonly delivered: number
  readonly failed: number
  readonly deadLettered: number
  /** How often an event that used up its attempts stayed with its source, to be tried again. */
  readonly held?: number
  readonly lastFailure?: { readonly at: EpochMs, readonly because: string, readonly eventId: string }
  readonly lastWake?: WakeSplit
  /** Cron: the next tick. */
  readonly nextTickAt?: EpochMs
}

/** Where the time of a wake went, milliseconds. */
export interface WakeSplit {
  readonly at: EpochMs
  readonly eventId: string
  /** Event time (where the source tells it) to event in hand. */
  readonly noticeMs: number
  /** In hand to the wish for replicas taken. */
  readonly decideMs: number
  /** To the process (or pod) started. */
  readonly startMs: number
  /** To its first successful probe. */
  readonly readyMs: number
  /** To the function's answer. */
  readonly deliverMs: number
  readonly totalMs: number
}

export interface StatusSink {
  report(status: ObjectStatus): void
  forget(ref: ObjectRef): void
}

/** An entry of the operator's story: a Kubernetes Event in a cluster, a log line locally. */
export interface EventSink {
  emit(ref: ObjectRef, event: { readonly type: 'Normal' | 'Warning', readonly reason: string, readonly note: string }): void
}

/** All that a decision was made from and what it was: `decideReplicas` on the same input gives the same decision. */
export interface DecisionRecord {
  readonly sequence: number
  readonly at: EpochMs
  readonly target: ObjectRef
  /** ScaledObject and Triggers that speak for the target. */
  readonly by: readonly ObjectRef[]
  readonly policy: ScalePolicy
  readonly current: CurrentReplicas
  readonly readings: readonly Reading[]
  readonly memoryBefore: ScaleMemory
  readonly decision: Decision
}
/** The same of a decision about jobs, and `decideJobs`. */
export interface JobsDecisionRecord {
  readonly sequence: number
  readonly at: EpochMs
  readonly scaledJob: ObjectRef
  readonly policy: JobsPolicy
  readonly counts: JobCounts | undefined
  readonly readings: readonly Reading[]
  readonly decision: JobsDecision
  /** Of the jobs to create. */
  readonly names: readonly string[]
}
export interface DecisionLog { record(record: DecisionRecord | JobsDecisionRecord): void }

export interface Counter { inc(by?: number): void }
export interface Gauge { set(value: number): void }
export interface Histogram { observe(value: number): void }

/** Handles are made once and kept: nothing is looked up on the way of an event. */
export interface Telemetry {
  counter<N extends MetricName>(name: N, labels: LabelsOf<N>): Counter
  gauge<N extends MetricName>(name: N, labels: LabelsOf<N>): Gauge
  histogram<N extends MetricName>(name: N, labels: LabelsOf<N>): Histogram
  /** Drops the series of a metric whose labels match. */
  remove<N extends MetricName>(name: N, labels: Partial<LabelsOf<N>>): void
}
