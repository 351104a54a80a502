import { triggerKey, type ScaledObject } from '../api/index.js'
import { contextKit, type Context } from './context.js'
import { scalerConfig } from './configs.js'
import { withFields } from './kit.js'
import type { Condition, ObjectRef, ScalingStatus } from './ports.js'
import { SourceReader } from './source-reader.js'
import { targetOf } from './targets.js'

/** The voices of one ScaledObject. An edit keeps those whose trigger did not change, with their clients. */
export class ScaledObjectRun {
  readonly ref: ObjectRef
  readonly #context: Context
  #reporting = true
  readonly #readers = new Map<string, SourceReader>()
  readonly #firstSeenAt: number
  #so: ScaledObject

  /** `firstSeenAt` stands in for a creation time that nobody wrote. */
  constructor (so: ScaledObject, context: Context, firstSeenAt: number) {
    this.ref = { apiVersion: so.apiVersion, kind: so.kind, namespace: so.metadata.namespace, name: so.metadata.name }
    this.#so = so
    this.#context = context
    this.#firstSeenAt = firstSeenAt
    this.update(so)
    this.report([{ type: 'Ready', status: 'Unknown', reason: 'Starting', message: 'its sources were not looked at yet' }], undefined)
  }

  get object (): ScaledObject { return this.#so }

  /** When the object was made; locally, when it was first seen. */
  get createdAt (): number {
    const written = this.#so.metadata.creationTimestamp
    return written === undefined ? this.#firstSeenAt : Date.parse(written)
  }

  get voices (): readonly SourceReader[] { return [...this.#readers.values()] }

  update (so: ScaledObject): void {
    this.#so = so
    const wanted = new Map(so.spec.triggers.map((_, index) => [this.#fingerprint(so, index), index]))
    for (const [fingerprint, reader] of this.#readers) {
      if (wanted.has(fingerprint)) continue
      this.#readers.delete(fingerprint)
      void reader.close()
    }
    const readers = [...wanted].map(([fingerprint, index]) => [fingerprint, this.#readers.get(fingerprint) ?? this.#reader(so, index)] as const)
    this.#readers.clear()
    for (const [fingerprint, reader] of readers) this.#readers.set(fingerprint, reader)
  }

  /** Closes its clients; what was last known of it stays. */
  async close (): Promise<void> {
    this.#reporting = false // a decision may still be under way; its object is gone
    await Promise.all(this.voices.map(reader => reader.close()))
  }

  /** The object is gone: so are its series. */
  removeSeries (): void {
    const { namespace, name } = this.ref
    for (const metric of ['scaler_reads_total', 'scale_trigger_value', 'scaled_object_desired_replicas', 'scaled_object_replicas'] as const) {
      this.#context.telemetry.remove(metric, { namespace, scaled_object: name })
    }
  }

  report (conditions: readonly Condition[], scaling: ScalingStatus | undefined): void {
    if (!this.#reporting) return
    this.#context.status.report({ ref: this.ref, conditions, ...(scaling === undefined ? {} : { scaling }) })
  }

  #fingerprint (so: ScaledObject, index: number): string {
    return JSON.stringify([index, so.spec.triggers[index], so.spec.scaleTargetRef, so.apiVersion])
  }

  #reader (so: ScaledObject, index: number): SourceReader {
    const context = this.#context
    const trigger = so.spec.triggers[index]
    const definition = context.registry.scaler(trigger?.type ?? '')
    if (trigger === undefined || definition === undefined) throw new RangeError(`no scaler for trigger ${index} of ${so.metadata.name}`)
    const key = triggerKey(trigger, index)
    const labels = { namespace: this.ref.namespace, scaled_object: this.ref.name, trigger: key, type: trigger.type }
    const reads = (outcome: string) => context.telemetry.counter('scaler_reads_total', { ...labels, outcome })
    return new SourceReader({
      trigger: key, definition, metricType: trigger.metricType, clock: context.clock,
      resolve: maxAgeMs => scalerConfig(this.#so, index, definition, targetOf(so), context.config, maxAgeMs),
      kit: contextKit(context, { kind: so.kind, namespace: this.ref.namespace, name: this.ref.name, uid: so.metadata.uid ?? `${this.ref.namespace}/${this.ref.name}` }, trigger.type),
      log: withFields(context.log, { scaledObject: `${this.ref.namespace}/${this.ref.name}`, trigger: key, type: trigger.type }),
      metrics: {
        measured: reads('measured'), absent: reads('absent'), failed: reads('failed'),
        duration: context.telemetry.histogram('scaler_read_duration_seconds', { type: trigger.type }),
        value: context.telemetry.gauge('scale_trigger_value', labels),
      },
    })
  }
}
