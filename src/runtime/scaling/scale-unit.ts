import { decideReplicas } from '../../core/scaling/decide.js'
import type { Comparison } from '../../core/scaling/comparison.js'
import { originalOf, takenOver, unwritten } from '../../core/scaling/memory.js'
import { policyAt } from '../../core/scaling/pause.js'
import { errorMessage } from '../../core/errors.js'
import type { CurrentReplicas, Decision, Measurement, Reading, ScaleMemory, ScalePolicy } from '../../core/scaling/types.js'
import {
  refKey, type Clock, type Condition, type Counter, type DecisionLog, type EventSink, type Gauge, type Log, type ObjectRef, type Ownership,
  type Rival, type ScaleTarget, type ScalingStatus, type StateStore, type TargetState,
} from '../ports.js'
import { nextLookAt } from './look-times.js'
import { CountWriter } from './count-writer.js'
import { Pace } from '../pace.js'
import { Shadow } from './shadow.js'
import { UnitMemory } from './unit-memory.js'
import { isWellRead, notScaled, scalingConditions } from './unit-status.js'
import type { Voice } from './voice.js'
import type { Wheel } from '../wheel.js'

export interface ScaleUnitParts {
  readonly target: ObjectRef
  readonly scaleTarget: ScaleTarget
  readonly state: StateStore
  readonly ownership: Ownership
  readonly wheel: Wheel
  readonly clock: Clock
  readonly log: Log
  readonly events: EventSink
  readonly decisions: DecisionLog
  readonly nextSequence: () => number
  /** Compares with what another does, and writes nothing. */
  readonly shadow?: boolean
  readonly metrics: {
    readonly desired: Gauge
    readonly spec: Gauge
    readonly ready: Gauge
    readonly writes: { readonly ok: Counter, readonly failed: Counter }
    readonly compared?: (seen: Comparison) => void
    readonly decided: (reason: Decision['reason']) => Counter
  }
}

/** What the user wants of the target; an edit replaces the whole. */
export interface UnitPlan {
  readonly policy: ScalePolicy
  readonly by: readonly ObjectRef[]
  readonly voices: readonly Voice[]
  /** Time between looks while at zero. */
  readonly pollingIntervalMs: number
  /** `restoreToOriginalReplicaCount`: when nobody speaks for the target any more it gets the count that it had before. */
  readonly restoreOriginal: boolean
  /** `useCachedMetrics`: looks are not more frequent while there are replicas. */
  readonly cachedMetrics: boolean
  /** Ids of the replicas working now; undefined where we deliver nothing to them. */
  readonly busy: () => ReadonlySet<string> | undefined
  /** Told after every decision, and when the target is gone. */
  readonly onStatus: (conditions: readonly Condition[], scaling: ScalingStatus | undefined) => void
}

/** While there are replicas a source is looked at this often, as the HPA would. */
const scaledPollMs = 15_000
/** At most one decision in this time when sources ring: the first ring acts at once, though a look was decided on just before. Changed counts wait for the end of it. */
const gapMs = 250
/** A look that takes longer than this does not hold up what the other voices say. */
const patienceMs = 500
/** After a count that could not be written; twice as long each time, at most until the next look. */
const firstRetryMs = 1_000

/** Scales one target, alone: reads its voices, decides, writes, remembers, reports. */
export class ScaleUnit {
  readonly target: ObjectRef
  readonly #parts: ScaleUnitParts
  readonly #memory: UnitMemory
  readonly #writer: CountWriter
  readonly #shadow: Shadow | undefined
  readonly #stopping = new AbortController()
  readonly #readings = new Map<string, Reading>()
  #plan: UnitPlan
  #current: TargetState | undefined
  #stopWatching: () => void = () => undefined
  #cancelLook: () => void = () => undefined
  readonly #onRing: Pace
  readonly #onChange: Pace
  #nextLookAt = 0
  #rival: Rival | undefined
  #lacksScale = false
  #deciding: Promise<void> = Promise.resolve()
  #queued = false
  /** Writes that failed in a row. */
  #failures = 0

  constructor (parts: ScaleUnitParts, plan: UnitPlan) {
    this.#parts = parts
    this.target = parts.target
    this.#plan = plan
    this.#memory = new UnitMemory(refKey(parts.target), parts.state, parts.clock)
    this.#writer = new CountWriter(parts)
    this.#shadow = parts.shadow === true ? new Shadow(parts.target, { ...parts, compared: parts.metrics.compared ?? (() => undefined) }) : undefined
    this.#onRing = new Pace(parts.clock, gapMs, () => this.#decide())
    this.#onChange = new Pace(parts.clock, gapMs, () => this.#decide())
  }

  start (): void {
    this.#stopWatching = this.#parts.scaleTarget.watch(this.target, (state, lacksScale = false) => { this.#lacksScale = lacksScale; this.#seen(state) })
    this.#lookNow()
  }

  /** Takes an edited plan: voices that stay keep their readings; what the user edited acts at once. */
  update (plan: UnitPlan): void {
    const before = this.#plan
    this.#plan = plan
    const gone = before.voices.filter(v => !plan.voices.includes(v))
    for (const voice of gone) {
      voice.disarm()
      this.#readings.delete(voice.trigger) // what an old source said is no word of a new one of the same name
    }
    if (gone.length > 0 || plan.voices.some(v => !before.voices.includes(v)) || plan.pollingIntervalMs !== before.pollingIntervalMs) this.#lookNow()
    else if (JSON.stringify(plan.policy) !== JSON.stringify(before.policy)) this.#onChange.call()
  }

  /** The right to this target, or the lack of it, may be new. */
  ownershipChanged (): void { this.#lookNow() }

  /** Nobody speaks for the target any more: gives back its original count where that was asked for, and forgets it. `isLeft`: another scales it from now on. */
  async retire ({ isLeft = false }: { readonly isLeft?: boolean } = {}): Promise<void> {
    await this.stop()
    const { present } = this.#memory
    const original = present === undefined || isLeft || this.#rival !== undefined ? undefined : originalOf(present)
    if (this.#plan.restoreOriginal && original !== undefined && this.#current !== undefined && this.#current.spec !== original) {
      await this.#parts.scaleTarget.set(this.target, original, new Set())
      this.#parts.log.info({ target: refKey(this.target), from: this.#current.spec, to: original, reason: 'restoreToOriginalReplicaCount' }, 'scaled')
    }
    await this.#memory.forget()
  }

  /** Ends the looks and writes the memory. Voices are closed by whoever made them. */
  async stop (): Promise<void> {
    this.#stopping.abort()
    this.#stopWatching()
    this.#cancelLook()
    this.#onRing.cancel()
    this.#onChange.cancel()
    for (const voice of this.#plan.voices) voice.disarm()
    await this.#deciding
    if (this.#rival === undefined) await this.#memory.settle()
  }

  #seen (state: TargetState | undefined): void {
    const before = this.#current
    this.#current = state
    if (this.#stopping.signal.aborted) return
    this.#parts.metrics.spec.set(state?.spec ?? 0)
    this.#parts.metrics.ready.set(state?.ready ?? 0)
    if ((before === undefined) !== (state === undefined) || before?.spec !== state?.spec || before?.ready !== state?.ready) this.#onChange.call()
  }

  #lookNow (): void {
    this.#cancelLook()
    void this.#lookAtAll()
  }

  /** Asks every voice. Those who answer soon are decided on; the late ones bring a decision of their own. */
  async #lookAtAll (): Promise<void> {
    const began = this.#parts.clock.now()
    if (!this.#parts.ownership.owns(this.target)) return this.#scheduleLook(began)
    const looks = this.#plan.voices.map(voice => this.#lookAt(voice))
    const all = Promise.all(looks)
    const inTime = await Promise.race([all.then(() => true), this.#parts.clock.sleep(patienceMs, this.#stopping.signal).then(() => false)])
    this.#decide()
    if (!inTime) {
      await all
      this.#decide()
    }
    this.#scheduleLook(began)
  }

  async #lookAt (voice: Voice): Promise<void> {
    const reading = await voice.look(this.#stopping.signal)
    if (this.#plan.voices.includes(voice) && !this.#stopping.signal.aborted) this.#readings.set(voice.trigger, reading)
  }

  #scheduleLook (began: number): void {
    if (this.#stopping.signal.aborted) return
    this.#cancelLook()
    const { pollingIntervalMs, cachedMetrics, voices } = this.#plan
    const interval = (this.#current?.spec ?? 0) > 0 && !cachedMetrics ? Math.min(pollingIntervalMs, scaledPollMs) : pollingIntervalMs
    this.#lookAtTime(nextLookAt(began, interval, voices.find(voice => voice.question !== undefined)?.question))
  }

  #lookAtTime (at: number): void {
    this.#cancelLook()
    this.#nextLookAt = at
    this.#cancelLook = this.#parts.wheel.at(at, () => this.#lookNow())
  }

  #rang (voice: Voice, measurement: Measurement | undefined): void {
    if (measurement === undefined) {
      void this.#lookAt(voice).then(() => this.#onRing.call())
      return
    }
    this.#readings.set(voice.trigger, { kind: 'measured', trigger: voice.trigger, at: this.#parts.clock.now(), measurements: [measurement] })
    this.#onRing.call()
  }

  /** Decisions never overlap; one that is asked for while another is being written follows it, once. */
  #decide (): void {
    if (this.#queued || this.#stopping.signal.aborted) return
    this.#queued = true
    this.#deciding = this.#deciding.then(async () => {
      this.#queued = false
      this.#onRing.cancel()
      this.#onChange.restart()
      await this.#decideOnce()
    }).catch((error: unknown) => {
      this.#parts.log.error({ target: refKey(this.target), err: errorMessage(error) }, 'a decision could not be carried out')
      this.#lookAgainAfterFailure()
    })
  }

  async #decideOnce (): Promise<void> {
    const { clock, ownership, decisions, nextSequence, metrics } = this.#parts
    if (this.#stopping.signal.aborted || !ownership.owns(this.target)) return
    if (this.#current === undefined) return this.#reportMissing()
    const busy = this.#plan.busy()
    const current: CurrentReplicas = { ...this.#current, ...(busy === undefined ? {} : { busy: busy.size }) }
    const memory = await this.#memory.load(current, this.#plan.policy)
    const rivalBefore = this.#rival
    this.#rival = ownership.rival(this.target, false)
    if (this.#rival === undefined && rivalBefore !== undefined) return this.#takeOver(memory, current)
    const input = { now: clock.now(), policy: this.#plan.policy, current, readings: this.#votes(), memory }
    const decision = decideReplicas(input)
    decisions.record({
      sequence: nextSequence(), at: input.now, target: this.target, by: this.#plan.by, policy: input.policy, current,
      readings: input.readings, memoryBefore: memory, decision,
    })
    metrics.desired.set(decision.replicas)
    metrics.decided(decision.reason).inc()
    if (isWellRead(input.readings, this.#plan.voices.length)) this.#rival = ownership.rival(this.target, true)
    await this.#carryOut(current, decision, memory, new Set(busy)) // as it was when it was decided
    this.#armVoices(decision)
    this.#lookAgainFor(decision)
    this.#report(current, decision, input.readings)
  }

  /** Whoever scaled the target until now has let go: it is found as it is, like any new one, and decided on anew. */
  #takeOver (memory: ScaleMemory, current: CurrentReplicas): void {
    this.#memory.remember(takenOver(memory, this.#parts.clock.now(), current))
    this.#parts.log.info({ target: refKey(this.target), replicas: current.spec }, 'taken over')
    this.#onChange.call()
  }

  #votes (): readonly Reading[] {
    return this.#plan.voices.flatMap(voice => this.#readings.get(voice.trigger) ?? [])
  }

  /** Memory is written first, so that a crash between the two is harmless, and a write that is refused takes it back; where losing it is as harmless, a rise does not wait for it. */
  async #carryOut (current: CurrentReplicas, decision: Decision, memoryBefore: ScaleMemory, busy: ReadonlySet<string>): Promise<void> {
    this.#shadow?.look(current.spec, decision.replicas)
    const { policy, by, restoreOriginal } = this.#plan
    if (this.#rival !== undefined || this.#shadow !== undefined) return this.#memory.remember(unwritten(decision.memory, memoryBefore))
    if (decision.replicas === current.spec) return this.#memory.keep(decision.memory, policy, false)
    const follows = decision.replicas > current.spec && !restoreOriginal && this.#memory.mayFollow(policy) // a seed knows no original count
    if (!follows && !await this.#rememberFirst(current, decision, memoryBefore, busy)) return
    if (await this.#writer.write(decision, current, by, this.#plan.busy() ?? new Set())) {
      this.#failures = 0
      if (follows) await this.#memory.keep(decision.memory, policy, true)
    } else {
      if (!follows) await this.#memory.keep(memoryBefore, policy, true)
      this.#lookAgainAfterFailure()
    }
  }

  /** False where the count is not to be written any more. */
  async #rememberFirst (current: CurrentReplicas, decision: Decision, memoryBefore: ScaleMemory, busy: ReadonlySet<string>): Promise<boolean> {
    await this.#memory.keep(decision.memory, this.#plan.policy, true)
    if (this.#parts.ownership.rival(this.target, false) !== undefined) return false // came while the memory was written
    const busyNow = this.#plan.busy() ?? new Set()
    const mayStopWork = decision.replicas < current.spec && busyNow.size > Math.max(busy.size, decision.replicas)
    if (!mayStopWork && this.#current?.spec === current.spec) return true
    await this.#memory.keep(memoryBefore, this.#plan.policy, true) // so did work, or somebody else's count: decide again, knowing of it
    this.#onChange.call()
    return false
  }

  /** Doorbells are armed at zero (or idle) and below the maximum: at the maximum nothing that rings could change anything. */
  #armVoices (decision: Decision): void {
    const mayRise = decision.replicas < this.#plan.policy.maxReplicas && policyAt(this.#plan.policy, this.#parts.clock.now()).paused === undefined
    for (const voice of this.#plan.voices) {
      if (mayRise) voice.arm(measurement => this.#rang(voice, measurement))
      else voice.disarm()
    }
  }

  #lookAgainFor ({ recheckAt }: Pick<Decision, 'recheckAt'>): void {
    if (recheckAt !== undefined && recheckAt < this.#nextLookAt) this.#lookAtTime(Math.max(recheckAt, this.#parts.clock.now()))
  }

  /** Soon, and less soon each time: what wants to be written does not wait for the next look. */
  #lookAgainAfterFailure (): void {
    if (!this.#stopping.signal.aborted) this.#lookAgainFor({ recheckAt: this.#parts.clock.now() + firstRetryMs * 2 ** this.#failures++ })
  }

  #report (current: CurrentReplicas, decision: Decision, readings: readonly Reading[]): void {
    const { replicas, reason, steps, active, activeTriggers } = decision
    const now = this.#parts.clock.now()
    const { paused } = policyAt(this.#plan.policy, now)
    this.#plan.onStatus(scalingConditions(decision, this.#plan.policy, readings, now, this.#rival, spokesman(this.#plan.by)), {
      target: this.target, current, decision: { replicas, reason, steps, active }, decidedAt: now, readings, memory: decision.memory, activeTriggers,
      ...(paused?.kind === 'at' ? { pausedReplicas: paused.replicas } : {}), ...(this.#shadow?.seen === undefined ? {} : { comparison: this.#shadow.seen }),
      nextLookAt: this.#nextLookAt, pollingIntervalMs: this.#plan.pollingIntervalMs,
    })
  }

  /** With KEDA's words, in the condition and as events of their own. */
  #reportMissing (): void {
    const [note, problem] = this.#lacksScale
      ? ['Target resource doesn\'t expose /scale subresource', `TG_TARGET_NOT_FOUND ${refKey(this.target)} has no scale subresource; name another target, or give its kind one`]
      : ['Target resource doesn\'t exist', `TG_TARGET_NOT_FOUND ${refKey(this.target)} does not exist; create it, or mend scaleTargetRef`]
    for (const by of this.#plan.by) this.#parts.events.emit(by, { type: 'Warning', reason: `${by.kind}CheckFailed`, note })
    this.#plan.onStatus(notScaled(`${spokesman(this.#plan.by)}CheckFailed`, `ScaledObject doesn't have correct scaleTargetRef specification: ${problem}`, problem), undefined)
  }
}

/** Whose words the conditions are. */
const spokesman = (by: readonly ObjectRef[]): 'ScaledObject' | 'Trigger' => by.length === 0 || by.some(ref => ref.kind === 'ScaledObject') ? 'ScaledObject' : 'Trigger'
