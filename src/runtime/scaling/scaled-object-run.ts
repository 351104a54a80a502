import type { ScaledObject } from '../../api/index.js'
import type { Context } from '../context.js'
import type { Condition, ObjectRef, ScalingStatus } from '../ports.js'
import type { SourceReader } from './source-reader.js'
import { SourceReaders } from './source-readers.js'
import { targetOf } from './targets.js'

/** The voices of one ScaledObject. An edit keeps those whose trigger did not change, with their clients. */
export class ScaledObjectRun {
  readonly ref: ObjectRef
  readonly #context: Context
  #reporting = true
  readonly #readers: SourceReaders
  readonly #firstSeenAt: number
  #so: ScaledObject

  /** `firstSeenAt` stands in for a creation time that nobody wrote. */
  constructor (so: ScaledObject, context: Context, firstSeenAt: number) {
    this.ref = { apiVersion: so.apiVersion, kind: so.kind, namespace: so.metadata.namespace, name: so.metadata.name }
    this.#so = so
    this.#context = context
    this.#readers = new SourceReaders(context)
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

  get voices (): readonly SourceReader[] { return this.#readers.all }

  update (so: ScaledObject): void {
    this.#so = so
    this.#readers.update(so, targetOf(so))
  }

  /** Closes its clients; what was last known of it stays. */
  async close (): Promise<void> {
    this.#reporting = false // a decision may still be under way; its object is gone
    await this.#readers.close()
  }

  /** The object is gone: so are its series. */
  removeSeries (): void {
    const { namespace, name } = this.ref
    this.#readers.removeSeries(this.ref)
    for (const metric of ['scaled_object_desired_replicas', 'scaled_object_replicas', 'scale_decisions_total', 'scale_writes_total', 'shadow_replicas', 'shadow_replica_seconds'] as const) {
      this.#context.telemetry.remove(metric, { namespace, scaled_object: name })
    }
  }

  report (conditions: readonly Condition[], scaling: ScalingStatus | undefined): void {
    if (!this.#reporting) return
    this.#context.status.report({ ref: this.ref, conditions, ...(scaling === undefined ? {} : { scaling }) })
  }
}
