import { onAbort } from '../../src/core/on-abort.js'
import type { Envelope, Outcome } from '../../src/core/delivery/types.js'
import { generationOf, type ScaledJob } from '../../src/api/index.js'
import type { JobView } from '../../src/core/scaling/jobs/types.js'
import type { Problem } from '../../src/spec/problem.js'
import { refKey, type CallOptions, type DecisionRecord, type Endpoint, type EndpointSource, type FunctionEndpoint, type FunctionRef, type FunctionState, type JobRunner, type JobsDecisionRecord, type Log, type ObjectReader, type ObjectRef, type ObjectStatus, type Ownership, type ScaleTarget, type StateStore, type StatusSink, type TargetState, type Telemetry } from '../../src/runtime/ports.js'

export const quiet: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

/** Collects what is logged. */
export function recordingLog (): Log & { readonly lines: { level: string, message: string, fields: Readonly<Record<string, unknown>> }[] } {
  const lines: { level: string, message: string, fields: Readonly<Record<string, unknown>> }[] = []
  const at = (level: string) => (fields: Readonly<Record<string, unknown>>, message: string): void => { lines.push({ level, message, fields }) }
  return { lines, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

/** Targets whose replicas are as many as was asked for, ready at once. */
export class FakeTargets implements ScaleTarget {
  readonly sets: { readonly target: string, readonly replicas: number }[] = []
  readonly #states = new Map<string, TargetState>()
  readonly #listeners = new Map<string, Set<(state: TargetState | undefined) => void>>()
  failWith: Error | undefined

  watch (target: ObjectRef, listener: (state: TargetState | undefined) => void): () => void {
    const key = refKey(target)
    const listeners = this.#listeners.get(key) ?? new Set()
    this.#listeners.set(key, listeners.add(listener))
    listener(this.#states.get(key))
    return () => { listeners.delete(listener) }
  }

  async set (target: ObjectRef, replicas: number, _busy: ReadonlySet<string> = new Set()): Promise<void> {
    if (this.failWith !== undefined) throw this.failWith
    this.sets.push({ target: refKey(target), replicas })
    this.become(target, replicas)
  }

  /** The target has this many replicas now, whoever asked for them. */
  become (target: ObjectRef, replicas: number): void {
    const key = refKey(target)
    const state = { spec: replicas, status: replicas, ready: replicas }
    this.#states.set(key, state)
    for (const listener of this.#listeners.get(key) ?? []) listener(state)
  }

  replicas (target: ObjectRef): number | undefined { return this.#states.get(refKey(target))?.spec }
}

/** Jobs that run until the test says otherwise. */
export class FakeJobs implements JobRunner {
  readonly asked: string[] = []
  readonly deleted: string[] = []
  readonly retained: string[][] = []
  /** Thrown after, or instead of, making a job. */
  failing: { readonly with: Error, readonly made: boolean } | undefined
  #jobs: readonly JobView[] | undefined = []
  readonly #listeners = new Set<(jobs: readonly JobView[] | undefined) => void>()

  get names (): readonly string[] { return (this.#jobs ?? []).map(job => job.name) }

  problems (): readonly Problem[] { return [] }

  watch (_scaledJob: ScaledJob, listener: (jobs: readonly JobView[] | undefined) => void): () => void {
    this.#listeners.add(listener)
    listener(this.#jobs)
    return () => { this.#listeners.delete(listener) }
  }

  async create (scaledJob: ScaledJob, name: string): Promise<boolean> {
    this.asked.push(name)
    if (this.failing?.made !== false && !this.names.includes(name)) {
      this.become([...this.#jobs ?? [], { name, createdAt: 0, generation: generationOf(scaledJob), isOwned: true, finished: undefined, finishedAt: undefined, isEnding: false, pods: [] }])
    }
    if (this.failing !== undefined) throw this.failing.with
    return true
  }

  async delete (_scaledJob: ScaledJob, name: string): Promise<void> {
    this.deleted.push(name)
    this.become((this.#jobs ?? []).filter(job => job.name !== name))
  }

  retain (scaledJobs: readonly ObjectRef[]): void { this.retained.push(scaledJobs.map(refKey)) }
  abandon (): void { this.become([]) }

  /** What is seen from now on; undefined: the jobs cannot be listed. */
  become (jobs: readonly JobView[] | undefined): void {
    this.#jobs = jobs
    for (const listener of [...this.#listeners]) listener(jobs)
  }

  /** All that run do so and so from now on. */
  all (now: Partial<JobView>): void { this.become((this.#jobs ?? []).map(job => ({ ...job, ...now }))) }
}

export class FakeEndpoints implements EndpointSource {
  readonly #states = new Map<string, FunctionState>()
  readonly #listeners = new Map<string, Set<(state: FunctionState | undefined) => void>>()

  watch (fn: FunctionRef, listener: (state: FunctionState | undefined) => void): () => void {
    const key = `${fn.namespace}/${fn.name}`
    const listeners = this.#listeners.get(key) ?? new Set()
    this.#listeners.set(key, listeners.add(listener))
    listener(this.#states.get(key))
    return () => { listeners.delete(listener) }
  }

  become (fn: FunctionRef, state: FunctionState): void {
    const key = `${fn.namespace}/${fn.name}`
    this.#states.set(key, state)
    for (const listener of this.#listeners.get(key) ?? []) listener(state)
  }
}

/** A function whose answers the test gives, one by one or by rule. */
export class FakeFunction implements FunctionEndpoint {
  readonly calls: { readonly endpoint: Endpoint, readonly event: Envelope, readonly headers: Readonly<Record<string, string>>, answer (outcome: Outcome): void }[] = []
  rule: ((event: Envelope, call: number) => Outcome) | undefined = () => ({ kind: 'answered', status: 200 })

  send (endpoint: Endpoint, event: Envelope, _options: CallOptions, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Outcome> {
    return new Promise(resolve => {
      this.calls.push({ endpoint, event, headers, answer: resolve })
      onAbort(signal, () => resolve({ kind: 'aborted' }))
      if (this.rule !== undefined) resolve(this.rule(event, this.calls.length))
    })
  }

  forget (): void { /* nothing is kept */ }
  async close (): Promise<void> { /* nothing is open */ }
}

export class MemoryStore implements StateStore {
  readonly values = new Map<string, { value: string, version: string }>()
  #version = 0

  async get (key: string): Promise<{ value: string, version: string } | undefined> { return this.values.get(key) }
  async compareAndSet (key: string, version: string | undefined, value: string): Promise<boolean> {
    if (this.values.get(key)?.version !== version) return false
    this.values.set(key, { value, version: String(++this.#version) })
    return true
  }

  async delete (key: string): Promise<void> { this.values.delete(key) }
}

export class FakeStatus implements StatusSink {
  readonly statuses = new Map<string, ObjectStatus>()
  report (status: ObjectStatus): void { this.statuses.set(refKey(status.ref), status) }
  forget (ref: ObjectRef): void { this.statuses.delete(refKey(ref)) }
  condition (name: string, type: string): string | undefined {
    const found = [...this.statuses.values()].find(s => s.ref.name === name)?.conditions.find(c => c.type === type)
    return found === undefined ? undefined : `${found.status} ${found.reason}: ${found.message}`
  }
}

export class FakeObjects implements ObjectReader {
  readonly secrets = new Map<string, Record<string, string>>()
  readonly env: { name: string, value: string }[] = []
  async secret (namespace: string, name: string): Promise<Record<string, string> | undefined> { return this.secrets.get(`${namespace}/${name}`) }
  async configMap (): Promise<undefined> { return undefined }
  async token (): Promise<undefined> { return undefined }
  async containers (): Promise<readonly { name: string, env: { name: string, value: string }[], envFrom: [] }[]> { return [{ name: 'main', env: this.env, envFrom: [] }] }
}

export const ownsAll: Ownership = { owns: () => true, rival: () => undefined, changes: () => () => undefined }

/** Counts by `name{label values}`. */
export class FakeTelemetry implements Telemetry {
  readonly values = new Map<string, number>()
  counter: Telemetry['counter'] = (name, labels) => ({ inc: (by = 1) => this.#add(name, labels, by) })
  gauge: Telemetry['gauge'] = (name, labels) => ({ set: value => { this.values.set(key(name, labels), value) } })
  histogram: Telemetry['histogram'] = (name, labels) => ({ observe: () => this.#add(name, labels, 1) })
  remove: Telemetry['remove'] = (name, labels) => {
    for (const key of this.values.keys()) if (key.startsWith(`${name}{`) && Object.values(labels).every(value => key.includes(String(value)))) this.values.delete(key)
  }

  #add (name: string, labels: Readonly<Record<string, string>>, by: number): void {
    this.values.set(key(name, labels), (this.values.get(key(name, labels)) ?? 0) + by)
  }
}

const key = (name: string, labels: Readonly<Record<string, string>>): string => `${name}{${Object.values(labels).join(',')}}`

export class RecordedDecisions {
  readonly records: DecisionRecord[] = []
  readonly ofJobs: JobsDecisionRecord[] = []
  record (record: DecisionRecord | JobsDecisionRecord): void {
    if ('target' in record) this.records.push(record)
    else this.ofJobs.push(record)
  }
}
