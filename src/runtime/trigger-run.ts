import { breakerPolicyOf, deadLetterOf, deliveryPolicyOf, isManaged, sourceOf, type Trigger } from '../api/index.js'
import { compileFilter } from '../core/delivery/filter.js'
import type { Connector } from '../plugin/connector.js'
import type { AnyConnector } from '../registry/registry.js'
import { connectorConfig } from './configs.js'
import { contextKit, type Context } from './context.js'
import { readAgainAfterMs, usualAgeMs } from './credentials/credential-times.js'
import { DeliveryPump, type PumpMetrics, type PumpPlan } from './delivery/pump.js'
import { withFields } from './kit.js'
import { Pace } from './pace.js'
import { unresolved, type ResolvedConfig } from './scaling/source-reader.js'
import { refKey, type Condition, type FunctionState, type ObjectRef, type ScalingStatus } from './ports.js'

const progressEveryMs = 500
/** Those whose series are one Trigger's. */
const ownMetrics = [
  'deliveries_total', 'delivery_duration_seconds', 'deliveries_in_flight', 'delivery_slots', 'circuit_open', 'dead_letters_total', 'events_lost_total', 'wakes_total', 'wake_duration_seconds',
] as const

/** One Trigger at work: its pump, the endpoints of its function, and its status. An edit makes a new run; the old one drains. */
export class TriggerRun {
  readonly ref: ObjectRef
  readonly trigger: Trigger
  readonly createdAt: number
  readonly pump: DeliveryPump
  readonly #context: Context
  readonly #definition: AnyConnector
  readonly #onTarget: () => void
  #stopWatching: () => void = () => undefined
  #function: FunctionState | undefined
  #scaling: { readonly conditions: readonly Condition[], readonly status: ScalingStatus | undefined } | undefined
  #reporting = true
  #openedWith: string | undefined
  /** Counts are reported while events flow, and once more after the last. */
  readonly #progress: Pace

  /** `onTarget`: the target behind the function became known, or is another one now. */
  constructor (trigger: Trigger, definition: AnyConnector, context: Context, onTarget: () => void) {
    this.trigger = trigger
    this.ref = { apiVersion: trigger.apiVersion, kind: trigger.kind, namespace: trigger.metadata.namespace, name: trigger.metadata.name }
    this.createdAt = trigger.metadata.creationTimestamp === undefined ? context.clock.now() : Date.parse(trigger.metadata.creationTimestamp)
    this.#context = context
    this.#definition = definition
    this.#onTarget = onTarget
    this.#progress = new Pace(context.clock, progressEveryMs, () => this.report())
    const labels = { namespace: this.ref.namespace, trigger: this.ref.name, type: definition.type }
    this.pump = new DeliveryPump({
      ref: this.ref, type: definition.type, guarantees: definition.guarantees, plan: { ...planOf(trigger, definition), shadow: context.shadow === true },
      open: lost => this.#open(lost), endpoint: context.functions, overloaded: context.overload.isOverloaded,
      clock: context.clock, random: context.random, events: context.events,
      log: withFields(context.log, { trigger: `${this.ref.namespace}/${this.ref.name}`, type: definition.type }),
      metrics: pumpMetrics(labels, context), onStatus: () => this.report(), onEnded: () => this.#progress.call(),
    })
  }

  /** What this Trigger scales; undefined while it is not known, or where it scales nothing. */
  get target (): ObjectRef | undefined {
    const { target, scaledBy, candidates } = this.#function ?? {}
    return isManaged(this.trigger) && scaledBy === undefined && candidates === undefined ? target : undefined
  }

  /** Follows the function: what this Trigger scales is known before its events flow. */
  watch (): void {
    const { name, url, namespace, port, kind } = this.trigger.spec.function
    const from = this.ref.namespace
    if (url !== undefined) this.#functionIs({ target: undefined, endpoints: [{ id: url, url: new URL(url).origin }] })
    else if (name !== undefined) this.#stopWatching = this.#context.endpoints.watch({ namespace: namespace ?? from, name, port, kind, from }, state => this.#functionIs(state))
  }

  start (): void {
    this.pump.start()
    this.report()
  }

  /** Says no more of itself, and speaks for no target; calls under way still need their endpoints. */
  unwatch (): void {
    this.#reporting = false
    this.#progress.cancel()
  }

  async stop (): Promise<void> {
    await this.pump.stop()
    this.#stopWatching()
  }

  /** Where the configuration resolves to something else now (a rotated secret, a new default): opens anew with that, and the old connector drains. */
  async followCredentials (): Promise<void> {
    const before = this.#openedWith
    if (before === undefined) return // not open: it resolves when it opens
    const resolved = await this.#resolve(usualAgeMs)
    if (resolved.ok && resolved.digest !== before && this.#reporting) await this.pump.renew()
  }

  /** Drops its series: the Trigger is gone. */
  removeSeries (): void {
    const labels = { namespace: this.ref.namespace, trigger: this.ref.name }
    for (const metric of ownMetrics) this.#context.telemetry.remove(metric, labels)
  }

  /** What the unit of the target decided. */
  scaled (conditions: readonly Condition[], status: ScalingStatus | undefined): void {
    this.#scaling = { conditions, status }
    if (status !== undefined) this.pump.scaled(status.decision.replicas, this.#context.clock.now())
    this.report()
  }

  report (): void {
    if (!this.#reporting) return
    this.#context.status.report({
      ref: this.ref,
      conditions: [...this.pump.conditions(), ...(this.#scaling?.conditions.filter(c => c.type === 'Active' || c.type === 'Paused') ?? [])],
      delivery: this.pump.status(),
      ...(this.#scaling?.status === undefined ? {} : { scaling: this.#scaling.status }),
    })
  }

  #functionIs (state: FunctionState | undefined): void {
    const before = this.target
    this.#function = state
    this.pump.endpointsChanged(state)
    const now = this.target
    if ((before === undefined ? '' : refKey(before)) !== (now === undefined ? '' : refKey(now))) this.#onTarget()
  }

  #resolve (maxAgeMs: number): Promise<ResolvedConfig> {
    return connectorConfig(this.trigger, this.#definition, this.#function?.target, this.#context.config, maxAgeMs)
  }

  async #open (lost: string | undefined): Promise<Connector> {
    const resolved = await this.#resolve(lost === 'TG_SOURCE_REFUSED' ? readAgainAfterMs : usualAgeMs)
    if (!resolved.ok) throw unresolved(resolved.problems)
    const owner = { kind: 'Trigger', namespace: this.ref.namespace, name: this.ref.name, uid: this.trigger.metadata.uid ?? `${this.ref.namespace}/${this.ref.name}` }
    const counter = this.#context.telemetry.counter('events_lost_total', { namespace: this.ref.namespace, trigger: this.ref.name, type: this.#definition.type })
    const connector = await this.#definition.open(resolved.config, { ...contextKit(this.#context, owner, this.#definition.type), lost: events => counter.inc(events) })
    this.#openedWith = resolved.digest
    return connector
  }
}

function planOf (trigger: Trigger, definition: AnyConnector): Omit<PumpPlan, 'shadow'> {
  const { spec } = trigger
  const policy = deliveryPolicyOf(trigger, definition)
  const deadLetter = deadLetterOf(trigger)?.values ?? definition.deadLetterDefault?.(sourceOf(trigger).values)
  const { envelope, method, path, headers } = spec.function
  const base = spec.function.url === undefined ? '' : new URL(spec.function.url).pathname.replace(/\/$/, '')
  const perAttempt: Readonly<Record<string, string>>[] = []
  return {
    policy,
    options: {
      path: base + path, method, timeoutMs: spec.delivery.timeout, success: policy.success,
      envelope: envelope === 'Auto' ? 'CloudEventsBinary' : envelope,
      headers: {
        ...Object.fromEntries(headers.map(h => [h.name.toLowerCase(), h.value])),
        'x-event-trigger': `${trigger.metadata.namespace}/${trigger.metadata.name}`, 'x-event-max-attempts': String(policy.retry.attempts),
      },
    },
    headers: attempt => perAttempt[attempt] ??= { 'x-event-attempt': String(attempt) },
    filter: spec.filter.length === 0 ? undefined : compileFilter(spec.filter),
    perReplica: spec.function.kind === 'KnativeService' ? spec.concurrency.max : spec.concurrency.perReplica, // its one address stands for all its replicas
    isManaged: isManaged(trigger), maxConcurrent: spec.concurrency.max,
    coldStartTimeoutMs: spec.delivery.coldStartTimeout, drainTimeoutMs: spec.drain.timeout,
    breaker: breakerPolicyOf(trigger), suspended: spec.suspend,
    target: spec.scale.target ?? spec.concurrency.perReplica, activation: spec.scale.activation, deadLetter,
  }
}

function pumpMetrics (labels: { readonly namespace: string, readonly trigger: string, readonly type: string }, { telemetry }: Context): PumpMetrics {
  return {
    settled: memoised(disposition => telemetry.counter('deliveries_total', { ...labels, disposition })),
    deadLetters: memoised(reason => telemetry.counter('dead_letters_total', { ...labels, reason })),
    wakePart: memoised(part => telemetry.histogram('wake_duration_seconds', { ...labels, part })),
    lost: telemetry.counter('events_lost_total', labels),
    duration: telemetry.histogram('delivery_duration_seconds', labels),
    inFlight: telemetry.gauge('deliveries_in_flight', labels),
    slots: telemetry.gauge('delivery_slots', labels),
    wakes: telemetry.counter('wakes_total', labels),
    circuitOpen: telemetry.gauge('circuit_open', labels),
  }
}

/** Makes a handle once for each name. */
function memoised<K extends string, H> (make: (name: K) => H): (name: K) => H {
  const made = new Map<K, H>()
  return name => {
    const present = made.get(name)
    if (present !== undefined) return present
    const handle = make(name)
    made.set(name, handle)
    return handle
  }
}

/** Whether an edit changed nothing that a running Trigger depends on. */
export const sameTrigger = (a: Trigger, b: Trigger): boolean =>
  JSON.stringify([a.spec, a.metadata.annotations, a.metadata.uid]) === JSON.stringify([b.spec, b.metadata.annotations, b.metadata.uid])
