import { refKey, type Condition, type ObjectRef, type ObjectStatus, type StatusSink } from './ports.js'

/**
 * A StatusSink that remembers which objects were refused: what still runs under such a name goes on reporting,
 * and its Ready condition goes on saying what is wrong with the last edit.
 */
export class Refusals implements StatusSink {
  readonly #sink: StatusSink
  readonly #refused = new Map<string, Condition>()
  readonly #last = new Map<string, ObjectStatus>()

  constructor (sink: StatusSink) { this.#sink = sink }

  /** The object's last edit cannot be used. */
  refuse (ref: ObjectRef, message: string, reason: string): void {
    this.#refused.set(refKey(ref), { type: 'Ready', status: 'False', reason, message })
    this.report(this.#last.get(refKey(ref)) ?? { ref, conditions: [] })
  }

  /** The object can be used again. */
  accept (ref: ObjectRef): void { this.#refused.delete(refKey(ref)) }

  /** Refused objects of a kind. */
  count (kind: string): number { return [...this.#refused.keys()].filter(key => key.startsWith(`${kind} `)).length }

  report (status: ObjectStatus): void {
    this.#last.set(refKey(status.ref), status)
    const refusal = this.#refused.get(refKey(status.ref))
    this.#sink.report(refusal === undefined ? status : { ...status, conditions: [refusal, ...notRunning(status, refusal), ...status.conditions.filter(c => c.type !== 'Ready')] })
  }

  forget (ref: ObjectRef): void {
    this.#refused.delete(refKey(ref))
    this.#last.delete(refKey(ref))
    this.#sink.forget(ref)
  }
}

/** Where nothing ran before the refusal, nobody knows whether there is work; what was written of that in an earlier life is not left to stand. */
function notRunning ({ ref, conditions }: ObjectStatus, { reason }: Condition): readonly Condition[] {
  if (!['ScaledObject', 'ScaledJob'].includes(ref.kind) || conditions.some(c => c.type === 'Active')) return []
  return [{ type: 'Active', status: 'Unknown', reason, message: 'Scaling is not performed: the object cannot be used as it is' }]
}
