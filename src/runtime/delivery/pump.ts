import { errorMessage, TidegateError, type ErrorCode } from '../../core/errors.js'
import type { BreakerPolicy } from '../../core/delivery/breaker.js'
import { slotsFor } from '../../core/delivery/slots.js'
import type { Verdict } from '../../core/delivery/filter.js'
import type { DeliveryPolicy, Envelope, ExhaustedReason } from '../../core/delivery/types.js'
import type { Connector, Delivery, Guarantees } from '../../plugin/connector.js'
import type {
  CallOptions, Clock, Condition, Counter, DeliveryStatus, EventSink, FunctionEndpoint, FunctionState, Gauge, Histogram, Log, ObjectRef,
} from '../ports.js'
import { Attempts } from './attempts.js'
import { DerivedCapacity } from './capacity.js'
import { Circuit } from './circuit.js'
import { Demand } from './demand.js'
import { bringAbout } from './endings.js'
import { EndingEvents } from './ending-events.js'
import { EndpointPool } from './endpoint-pool.js'
import { LeaseKeeper } from './lease-keeper.js'
import { Progress } from './progress.js'
import { pumpConditions } from './pump-conditions.js'
import { Receiver } from './receiver.js'
import { attempting, calling, filtering, type Ending, type Step } from './steps.js'
import { WakeSlot } from './wake-slot.js'

export interface PumpParts {
  readonly ref: ObjectRef
  readonly type: string
  readonly guarantees: Guarantees
  readonly plan: PumpPlan
  /** Opens the connector with the configuration as it is now; `lost`: the code of what ended the last one. */
  readonly open: (lost: string | undefined) => Promise<Connector>
  readonly endpoint: FunctionEndpoint
  /** True while the process is too busy to take on more. */
  readonly overloaded: () => boolean
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly events: EventSink
  readonly metrics: PumpMetrics
  /** Told when something changed that a person would want to know. */
  readonly onStatus: () => void
  /** Told of every event that came to its end. */
  readonly onEnded: () => void
}

/** What the user wants of the delivery. */
export interface PumpPlan {
  readonly policy: DeliveryPolicy
  readonly options: CallOptions
  readonly headers: (attempt: number) => Readonly<Record<string, string>>
  readonly filter: ((event: Envelope) => Verdict) | undefined
  readonly perReplica: number
  /** The function is scaled by its events, and woken by them. */
  readonly isManaged: boolean
  readonly maxConcurrent: number
  readonly coldStartTimeoutMs: number
  readonly drainTimeoutMs: number
  readonly breaker: BreakerPolicy
  readonly suspended: boolean
  /** Only watched: the source is never opened, so nothing is pulled, settled or sent. */
  readonly shadow: boolean
  readonly target: number
  readonly activation: number
  /** Where `connector.publish` puts dead letters; undefined: nowhere. */
  readonly deadLetter: Readonly<Record<string, unknown>> | undefined
}

export interface PumpMetrics {
  readonly settled: (disposition: Ending['kind']) => Counter
  readonly deadLetters: (reason: ExhaustedReason) => Counter
  readonly lost: Counter
  readonly duration: Histogram
  readonly inFlight: Gauge
  readonly slots: Gauge
  readonly wakes: Counter
  readonly wakePart: (part: string) => Histogram
  readonly circuitOpen: Gauge
}

const overloadPauseMs = 20

/** Delivers the events of one Trigger: pulls one when a slot is free, brings it to its end, settles it. */
export class DeliveryPump {
  readonly demand: Demand
  readonly #parts: PumpParts
  readonly #pool: EndpointPool
  readonly #capacity: DerivedCapacity
  readonly #circuit: Circuit
  readonly #wakeSlot: WakeSlot
  readonly #receiver: Receiver
  readonly #leases: LeaseKeeper
  readonly #step: Step
  readonly #bringAbout: ReturnType<typeof bringAbout>
  /** Ends the calls that are still under way when the drain time is over. */
  readonly #cutting = new AbortController()
  #function: FunctionState | undefined
  #suspendedBecause: string | undefined
  #inHand = 0
  #roomFor: (() => void) | undefined
  #idle: (() => void)[] = []
  readonly #progress: Progress

  constructor (parts: PumpParts) {
    this.#parts = parts
    const { plan, clock, random, log, events, metrics, ref } = parts
    this.#suspendedBecause = plan.suspended ? 'spec.suspend is true' : undefined
    this.#pool = new EndpointPool({ perReplica: plan.perReplica, max: plan.maxConcurrent, onChange: () => this.#changed() })
    this.#circuit = new Circuit({ policy: plan.breaker, clock, onChange: () => this.#circuitChanged() })
    this.#capacity = new DerivedCapacity(() => this.#slots())
    this.#leases = new LeaseKeeper(clock, log)
    this.#progress = new Progress({ clock, log, wakes: metrics.wakes, wakePart: metrics.wakePart })
    this.demand = new Demand({
      trigger: ref.name, type: parts.type, target: plan.target, activation: plan.activation, clock,
      inHand: () => this.#inHand, backlog: signal => this.#backlog(signal),
    })
    this.#wakeSlot = new WakeSlot({
      pool: this.#pool, clock, coldStartTimeoutMs: plan.coldStartTimeoutMs, ask: () => this.demand.wake(), onSlow: () => parts.onStatus(),
      onTimeout: () => events.emit(ref, { type: 'Warning', reason: 'ColdStartTimeout', note: `the function had no ready replica within ${plan.coldStartTimeoutMs / 1000} s; no attempt is counted, and the event ${parts.guarantees.redelivery === 'broker' ? 'goes back to its source' : 'is lost: its source keeps none'}` }),
    })
    this.#receiver = new Receiver({
      open: parts.open, capacity: this.#capacity, room: signal => this.#room(signal), deliver: (delivery, ended) => this.#deliver(delivery, ended),
      clock, random, log, onChange: parts.onStatus, onOpen: () => this.demand.opened(),
    })
    const call = calling({
      pool: this.#pool, endpoint: parts.endpoint, options: plan.options, headers: plan.headers, clock,
      duration: metrics.duration, waitForSlot: signal => this.#wakeSlot.slot(signal),
    })
    this.#step = filtering(attempting(call, { attempts: new Attempts(), policy: plan.policy, random, clock, delayedRetry: parts.guarantees.delayedRetry, judge: disposition => this.#circuit.ends(disposition), failed: (event, disposition) => this.#progress.failed(event, disposition) }), plan.filter)
    this.#bringAbout = bringAbout({
      clock, policy: plan.policy, log, events: new EndingEvents({ ref, clock, events }), settled: metrics.settled, deadLetters: metrics.deadLetters, lost: metrics.lost, keeps: parts.guarantees.redelivery === 'broker',
      deadLetter: plan.deadLetter === undefined ? undefined : event => this.#store(event, plan.deadLetter ?? {}),
    })
  }

  start (): void { if (this.#pulls) this.#receiver.start() }

  /** Resolves when the source was opened, or could not be, for the first time; at once where nothing is pulled. */
  get firstTry (): Promise<void> { return this.#pulls ? this.#receiver.firstTry : Promise.resolve() }

  get #pulls (): boolean { return this.#suspendedBecause === undefined && !this.#parts.plan.shadow }

  /** Stops pulling, lets what is in hand finish, cuts it off and releases it when the drain time is over, closes the connector. */
  async stop (): Promise<void> {
    const { clock, plan } = this.#parts
    const cancel = clock.after(this.#wakeSlot.isWaiting ? 0 : plan.drainTimeoutMs, () => this.#cutting.abort())
    const stopped = this.#receiver.stop()
    this.#roomFor?.() // who waits for room sees that pulling is over
    await stopped
    await this.#untilIdle()
    cancel()
    this.#circuit.stop()
    this.#leases.stop()
  }

  /** The configuration resolves to something else now: a new connector first, then the old one drains. */
  async renew (): Promise<void> {
    await this.#receiver.renew()
    this.#roomFor?.() // who waits for room sees that another is pulled from
  }

  /** What stands behind the function now. */
  endpointsChanged (state: FunctionState | undefined): void {
    const before = this.#function
    this.#function = state
    for (const gone of before?.endpoints ?? []) if (!state?.endpoints.some(e => e.id === gone.id)) this.#parts.endpoint.forget(gone)
    this.#pool.update(state?.endpoints ?? [])
    this.#parts.metrics.slots.set(this.#capacity.slots())
    this.#parts.onStatus()
  }

  /** A count was written for the target. */
  scaled (replicas: number, at: number): void {
    if (replicas > 0) this.#wakeSlot.decided(at)
  }

  /** Ids of the replicas with a call under way. */
  get busyReplicas (): readonly string[] { return this.#pool.busy }

  status (): DeliveryStatus {
    const nextTickAt = this.#receiver.connector?.nextAt?.()
    return {
      source: this.#parts.type, guarantee: this.#parts.guarantees.delivery, inFlight: this.#inHand, slots: this.#pool.slots,
      ...this.#progress.status(),
      ...(nextTickAt === undefined ? {} : { nextTickAt }),
    }
  }

  conditions (): readonly Condition[] {
    return pumpConditions({
      plan: this.#parts.plan, function: this.#function, suspendedBecause: this.#suspendedBecause, lost: this.#receiver.lost, isOpen: this.#receiver.connector !== undefined,
      isSlow: this.#wakeSlot.isSlow, endpoints: this.#pool.endpoints, circuitOpen: this.#circuit.isOpen, lastFailure: this.#progress.lastFailure,
    })
  }

  /** Undefined when another delivery may be pulled now; else resolves when it may, or when pulling is over. */
  #room (signal: AbortSignal): Promise<void> | undefined {
    return this.#inHand < this.#capacity.slots() && !this.#parts.overloaded() ? undefined : this.#waitForRoom(signal)
  }

  async #waitForRoom (signal: AbortSignal): Promise<void> {
    if (this.#inHand >= this.#capacity.slots() && this.#pool.slots > 0) this.demand.saturated()
    while (!signal.aborted && this.#inHand >= this.#capacity.slots()) await new Promise<void>(resolve => { this.#roomFor = resolve })
    if (this.#parts.overloaded()) await this.#parts.clock.sleep(overloadPauseMs, signal)
  }

  #deliver (delivery: Delivery, ended: () => void): void {
    this.#parts.metrics.inFlight.set(++this.#inHand)
    this.#leases.hold(delivery)
    this.#wakeSlot.took(delivery.event)
    void this.#bringToEnd(delivery, ended)
  }

  async #bringToEnd (delivery: Delivery, ended: () => void): Promise<void> {
    try {
      // Pulled before the circuit opened or the Trigger was suspended: it goes back to a broker that keeps it.
      const tooLate = this.#capacity.slots() === 0 && this.#parts.guarantees.redelivery === 'broker'
      const ending = tooLate ? release : await this.#step(delivery, this.#cutting.signal)
      this.#note(delivery, ending)
      const settling = this.#bringAbout(delivery, ending)
      if (settling !== undefined) await settling
    } catch (error) {
      this.#parts.log.error({ eventId: delivery.event.id, err: errorMessage(error) }, 'a delivery was not settled; the source will hand it out again')
    }
    this.#leases.letGo(delivery)
    this.#parts.metrics.inFlight.set(--this.#inHand)
    ended()
    if (this.#inHand === 0) for (const resolve of this.#idle.splice(0)) resolve()
    this.#changed()
    this.#parts.onEnded()
  }

  #note (delivery: Delivery, ending: Ending): void {
    this.#progress.ended(delivery.event, ending)
    if (ending.kind === 'ack') return this.#noteWake(delivery.event)
    this.#wakeSlot.gaveUp(delivery.event)
    if (ending.kind === 'suspend') this.#suspend(ending.because)
  }

  #noteWake (event: Envelope): void {
    const split = this.#wakeSlot.answered(event, this.#function?.lastStart)
    if (split === undefined) return
    this.#progress.woken(split)
    this.#parts.onStatus()
  }

  #suspend (because: string): void {
    this.#suspendedBecause = because
    this.#parts.events.emit(this.#parts.ref, { type: 'Warning', reason: 'Suspended', note: because })
    this.#changed()
    this.#parts.onStatus()
  }

  #circuitChanged (): void {
    const open = this.#circuit.isOpen
    this.#parts.metrics.circuitOpen.set(open ? 1 : 0)
    this.#parts.metrics.slots.set(this.#capacity.slots())
    this.#changed()
    this.#parts.onStatus()
  }

  async #store (event: Envelope, destination: Readonly<Record<string, unknown>>): Promise<void> {
    const { connector } = this.#receiver
    if (connector?.publish === undefined) throw new TidegateError('TG_SOURCE_UNREACHABLE', 'the line to the source is down')
    await connector.publish(event, destination, this.#cutting.signal)
  }

  async #backlog (signal: AbortSignal): Promise<number | 'not-open'> {
    const { lost, connector } = this.#receiver
    if (this.#suspendedBecause !== undefined) return 0 // nothing is pulled, so nothing is asked for
    if (lost !== undefined) throw new TidegateError(lost.code as ErrorCode, lost.message)
    if (connector === undefined) return 'not-open'
    return await connector.backlog?.(signal) ?? 0
  }

  #slots (): number {
    const { perReplica, maxConcurrent } = this.#parts.plan
    return slotsFor({
      endpoints: this.#pool.endpoints, perReplica, max: maxConcurrent, breaker: this.#circuit.state,
      now: this.#circuit.isOpen ? this.#parts.clock.now() : 0, // asked several times an event; only an open circuit looks at the time
      suspended: this.#suspendedBecause !== undefined, atZero: this.#pool.endpoints === 0,
    })
  }

  /** Something that the number of slots, or of free ones, is derived from changed. */
  #changed (): void {
    this.#capacity.recheck()
    const resolve = this.#roomFor
    if (resolve === undefined || this.#inHand >= this.#capacity.slots()) return
    this.#roomFor = undefined
    resolve()
  }

  #untilIdle (): Promise<void> {
    return this.#inHand === 0 ? Promise.resolve() : new Promise(resolve => this.#idle.push(resolve))
  }
}

const release: Ending = { kind: 'release' }
