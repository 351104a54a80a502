import { notRunnable, sourceOf, type Resource, type ScaledObject, type Trigger } from '../api/index.js'
import { errorMessage } from '../core/errors.js'
import { checkResource } from '../registry/check.js'
import { besideCode, formatProblem, isError, type Problem } from '../spec/problem.js'
import { Authentications, isAuthentication } from './credentials/authentications.js'
import type { Context } from './context.js'
import { resolveEveryMs } from './credentials/credential-times.js'
import { refKey, type ObjectRef, type ResourceListener } from './ports.js'
import { ScaledJobs } from './jobs/scaled-jobs.js'
import { ScaledObjectRun } from './scaling/scaled-object-run.js'
import { ScaleUnit, type UnitPlan } from './scaling/scale-unit.js'
import { claimTargets, targetOf, type TargetClaim } from './scaling/targets.js'
import { sameTrigger, TriggerRun } from './trigger-run.js'
import { notScaled } from './scaling/unit-status.js'
import { unitMetrics } from './scaling/unit-metrics.js'
import { planOf } from './scaling/unit-plan.js'

interface Claimant { readonly target: ObjectRef, readonly run: TriggerRun }

/** From desired resources to running units: level-based. Whatever happened in between, a pass brings about what is there now. */
export class Reconciler implements Omit<ResourceListener, 'synced'> {
  readonly authentications = new Authentications()
  readonly #context: Context
  readonly #scaledJobs: ScaledJobs
  readonly #scaledObjects = new Map<string, ScaledObjectRun>()
  readonly #triggers = new Map<string, TriggerRun>()
  readonly #units = new Map<string, ScaleUnit>()
  /** Triggers as applied, whoever owns them. */
  readonly #wanted = new Map<string, Trigger>()
  /** The last end or start of each Trigger. */
  readonly #turns = new Map<string, Promise<void>>()
  #cancelRecheck: () => void = () => undefined
  /** Targets that are not ours to give back: another scales them from now on, or sees to it. */
  readonly #left = new Set<string>()
  readonly #retiring = new Map<string, Promise<void>>()
  /** Runs and units that are on their way out. */
  readonly #leaving = new Set<Promise<void>>()
  #synced = false
  /** What is there at the start is of one age. */
  readonly #beganAt: number
  #stopped = false
  #passQueued = false
  #onSynced: () => void = () => undefined
  readonly synced = new Promise<void>(resolve => { this.#onSynced = resolve })

  constructor (context: Context) {
    this.#context = context
    this.#scaledJobs = new ScaledJobs(context)
    this.#beganAt = context.clock.now()
  }

  applied (resource: Resource): void {
    const ref = refOf(resource)
    const problems = [...notRunnable(resource), ...resource.kind === 'ScaledJob' ? this.#context.jobs.problems(resource) : [], ...checkResource(resource, resource.origin, {
      registry: this.#context.registry, defaults: this.#context.defaults(), unknownKedaKeys: 'warning',
      names: authenticationRef => authenticationRef === undefined ? { auth: [] } : {}, // what credentials provide is known when they are resolved, at the first look
    })]
    const unread = problems.filter(p => !isError(p) && p.code === 'TG_CONFIG_UNKNOWN_FIELD')
    if (problems.some(isError)) return this.refused(ref, [...problems.filter(isError), ...unread]) // a field that nothing reads is most often why another is missing
    for (const problem of problems) this.#context.log.warn({ object: refKey(ref) }, formatProblem(problem))
    if (unread.length > 0) this.#context.events.emit(ref, { type: 'Warning', reason: 'TG_CONFIG_UNKNOWN_FIELD', note: unread.map(formatProblem).join('\n') })
    this.#context.status.accept(ref)
    switch (resource.kind) {
      case 'ScaledObject': this.#applyScaledObject(ref, resource); break
      case 'Trigger': this.#applyTrigger(ref, resource); break
      case 'TriggerAuthentication':
      case 'ClusterTriggerAuthentication':
        this.authentications.applied(ref, resource)
        this.#credentialsChanged()
        break
      case 'ScaledJob': this.#scaledJobs.applied(ref, resource); break
    }
    this.#passSoon()
  }

  /** What ran under this name goes on; the object says what is wrong with its last edit. */
  refused (ref: ObjectRef, problems: readonly Problem[]): void {
    for (const problem of problems) this.#context.log.error({ object: refKey(ref) }, formatProblem(problem))
    const { code, text } = besideCode(problems)
    if (isAuthentication(ref)) this.authentications.refused(ref, problems)
    if (ref.kind === 'ScaledJob') this.#scaledJobs.refused(ref)
    const running = this.#scaledObjects.has(refKey(ref)) || this.#triggers.has(refKey(ref)) || this.#scaledJobs.has(ref)
    const after = running ? '\nthe object goes on as it was before this edit' : ''
    this.#context.status.refuse(ref, text + after, code)
    this.#context.events.emit(ref, { type: 'Warning', reason: `${ref.kind}CheckFailed`, note: `${code} ${text}` })
  }

  deleted (ref: ObjectRef, done?: () => void): void {
    const so = this.#scaledObjects.get(refKey(ref))?.object
    this.#drop(ref)
    if (done === undefined) return
    if (so !== undefined) this.#left.add(refKey(targetOf(so)))
    this.#whenReleased(so === undefined ? undefined : targetOf(so), done)
  }

  /** Another scales its target from now on. */
  left (ref: ObjectRef): void {
    const so = this.#scaledObjects.get(refKey(ref))?.object
    if (so !== undefined) this.#left.add(refKey(targetOf(so)))
    this.#drop(ref)
  }

  /** Calls back when no unit of ours works on the target any more, or another object has it. */
  #whenReleased (target: ObjectRef | undefined, done: () => void): void {
    queueMicrotask(() => { // after the pass that ends the unit
      const leaving = target === undefined ? undefined : this.#retiring.get(refKey(target))
      void (leaving ?? Promise.resolve()).then(done)
    })
  }

  #drop (ref: ObjectRef): void {
    const key = refKey(ref)
    if (isAuthentication(ref)) {
      this.authentications.deleted(ref)
      this.#credentialsChanged()
    }
    const so = this.#scaledObjects.get(key)
    if (so !== undefined) {
      this.#scaledObjects.delete(key)
      void this.#leave(so.close())
      so.removeSeries()
    }
    if (ref.kind === 'ScaledJob') this.#scaledJobs.deleted(ref)
    this.#wanted.delete(key)
    this.#endTrigger(key)
    this.#context.status.forget(ref)
    this.#passSoon()
  }

  /** Resolves when every Trigger has opened its source, or could not, for the first time. */
  async firstTries (): Promise<void> { await Promise.all([...this.#triggers.values()].map(run => run.pump.firstTry)) }

  /** Told by the source when everything that is there was told. */
  onSynced (): void {
    this.#synced = true
    this.#scaledJobs.begin()
    this.#pass()
    this.#recheckCredentials()
    this.#onSynced()
  }

  /** Pumps first, so that what is in hand is answered while the replicas still run; then the units, then the clients. */
  async stop (): Promise<void> {
    this.#stopped = true
    this.#cancelRecheck()
    for (const key of [...this.#triggers.keys()]) this.#endTrigger(key)
    await Promise.all(this.#turns.values())
    await Promise.all([this.#scaledJobs.stop(), ...[...this.#units.values()].map(unit => unit.stop())])
    await Promise.all([...this.#scaledObjects.values()].map(run => run.close()))
    await Promise.all(this.#leaving)
  }

  #applyScaledObject (ref: ObjectRef, so: ScaledObject): void {
    const present = this.#scaledObjects.get(refKey(ref))
    if (present === undefined) this.#scaledObjects.set(refKey(ref), new ScaledObjectRun(so, this.#context, this.#synced ? this.#context.clock.now() : this.#beganAt))
    else present.update(so)
  }

  #applyTrigger (ref: ObjectRef, trigger: Trigger): void {
    this.#wanted.set(refKey(ref), trigger)
    const present = this.#triggers.get(refKey(ref))
    if (present !== undefined && sameTrigger(present.trigger, trigger)) void this.#leave(present.followCredentials())
    else if (this.#context.ownership.owns(ref)) this.#runTrigger(ref, trigger)
  }

  /** The old run lets go of its source before the new one takes hold of it: a consumer is not pulled by two at once. */
  #runTrigger (ref: ObjectRef, trigger: Trigger): void {
    const key = refKey(ref)
    const definition = this.#context.registry.connectorByKey(sourceOf(trigger).key)
    if (definition === undefined) throw new RangeError(`no connector for ${sourceOf(trigger).key}`)
    const run = new TriggerRun(trigger, definition, this.#context, () => this.#passSoon())
    this.#endTrigger(key)
    this.#triggers.set(key, run)
    run.watch()
    this.#inTurn(key, async () => {
      if (!this.#stopped && this.#triggers.get(key) === run) run.start()
    })
  }

  #endTrigger (key: string): void {
    const run = this.#triggers.get(key)
    if (run === undefined) return
    this.#triggers.delete(key)
    run.unwatch()
    this.#inTurn(key, async () => {
      await run.stop()
      if (!this.#triggers.has(key)) run.removeSeries()
    })
  }

  /** Ends and starts of one Trigger follow one another, however quickly it is edited. */
  #inTurn (key: string, work: () => Promise<void>): void {
    const turn = (this.#turns.get(key) ?? Promise.resolve()).then(work)
    void this.#leave(turn)
    const ended = Promise.allSettled([turn]).then(() => { // one that fails does not hold up the next
      if (this.#turns.get(key) === ended) this.#turns.delete(key)
    })
    this.#turns.set(key, ended)
  }

  /** An authentication is another one now: whoever uses it comes to its source with what it says at the next look, at once where the last one failed. */
  #credentialsChanged (): void {
    if (!this.#synced) return
    this.#scaledJobs.credentialsChanged()
    for (const run of this.#scaledObjects.values()) for (const reader of run.voices) reader.resolveAgain()
    for (const run of this.#triggers.values()) void this.#leave(run.followCredentials())
  }

  /** Now and then: what a connector was opened with may be another secret now. */
  #recheckCredentials (): void {
    for (const run of this.#triggers.values()) void this.#leave(run.followCredentials())
    if (!this.#stopped) this.#cancelRecheck = this.#context.wheel.at(this.#context.clock.now() + resolveEveryMs, () => this.#recheckCredentials())
  }

  /** What is ours may be another's now, and the other way round. */
  ownershipChanged (target?: ObjectRef): void {
    if (target !== undefined) return this.#units.get(refKey(target))?.ownershipChanged()
    for (const [key, trigger] of this.#wanted) {
      const isOurs = this.#context.ownership.owns(refOf(trigger))
      if (isOurs && !this.#triggers.has(key)) this.#runTrigger(refOf(trigger), trigger)
      if (!isOurs) this.#endTrigger(key)
    }
    for (const unit of this.#units.values()) unit.ownershipChanged()
    this.#scaledJobs.ownershipChanged()
    this.#passSoon()
  }

  #leave (leaving: Promise<void>): Promise<void> {
    const watched = leaving
      .catch((error: unknown) => { this.#context.log.error({ err: errorMessage(error) }, 'a unit did not stop cleanly') })
      .finally(() => { this.#leaving.delete(watched) })
    this.#leaving.add(watched)
    return watched
  }

  #passSoon (): void {
    if (!this.#synced || this.#passQueued || this.#stopped) return
    this.#passQueued = true
    queueMicrotask(() => { this.#passQueued = false; this.#pass() })
  }

  #pass (): void {
    if (this.#stopped) return
    const claimants = [...this.#triggers.values()].flatMap<Claimant>(run => run.target === undefined ? [] : [{ target: run.target, run }])
    const { claims, conflicts } = claimTargets([...this.#scaledObjects.values()], claimants)
    for (const [key, unit] of this.#units) {
      if (claims.has(key)) continue
      this.#units.delete(key)
      this.#retire(key, unit)
    }
    this.#left.clear()
    for (const [key, claim] of claims) this.#bringAbout(key, claim)
    for (const { loser, winner, target } of conflicts) this.#reportConflict(loser, winner, target)
    this.#count('ScaledObject', this.#scaledObjects.size)
    this.#count('Trigger', this.#triggers.size)
    this.#count('ScaledJob', this.#scaledJobs.size)
  }

  #retire (key: string, unit: ScaleUnit): void {
    const retired = this.#leave(unit.retire({ isLeft: this.#left.has(key) })).finally(() => {
      this.#retiring.delete(key)
      this.#passSoon()
    })
    this.#retiring.set(key, retired)
  }

  #count (kind: string, atWork: number): void {
    const { telemetry } = this.#context
    telemetry.gauge('resources', { kind, state: 'at-work' }).set(atWork)
    telemetry.gauge('resources', { kind, state: 'refused' }).set(this.#context.status.count(kind))
  }

  #bringAbout (key: string, claim: TargetClaim<Claimant>): void {
    const plan = this.#plan(claim)
    const unit = this.#units.get(key)
    if (unit !== undefined) return unit.update(plan)
    if (this.#retiring.has(key)) return // its end brings the next pass: a count is given back, and a memory forgotten, before another unit begins
    const made = new ScaleUnit(this.#unitParts(claim), plan)
    this.#units.set(key, made)
    made.start()
  }

  #plan ({ scaledObject, triggers }: TargetClaim<Claimant>): UnitPlan {
    return planOf(scaledObject === undefined ? undefined : this.#scaledObjects.get(refKey(refOf(scaledObject))), triggers.map(t => t.run))
  }

  #unitParts ({ target, scaledObject, triggers }: TargetClaim<Claimant>): ConstructorParameters<typeof ScaleUnit>[0] {
    const { targets, state, ownership, wheel, clock, log, events, decisions, nextSequence, telemetry, shadow = false } = this.#context
    const labels = { namespace: target.namespace, scaled_object: scaledObject?.metadata.name ?? triggers[0]?.run.ref.name ?? target.name }
    return {
      target, scaleTarget: targets, state, ownership, wheel, clock, log, events, decisions, nextSequence, shadow,
      metrics: unitMetrics(telemetry, labels),
    }
  }

  #reportConflict (loser: ScaledObject, winner: ScaledObject, target: ObjectRef): void {
    const message = `${refKey(target)} is scaled by ScaledObject ${winner.metadata.name}, which is older; give this one another target, or delete one of them`
    this.#context.status.report({ ref: refOf(loser), conditions: notScaled('TG_TARGET_CONFLICT', message) })
  }
}


const refOf = (resource: Resource): ObjectRef => ({ apiVersion: resource.apiVersion, kind: resource.kind, namespace: resource.metadata.namespace, name: resource.metadata.name })
