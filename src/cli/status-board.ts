import { refKey, type ObjectRef, type ObjectStatus, type StatusSink } from '../runtime/ports.js'

/** The last status of every object: for /status, the live view and the tests of a run. */
export class StatusBoard implements StatusSink {
  readonly #statuses = new Map<string, ObjectStatus>()

  report (status: ObjectStatus): void { this.#statuses.set(refKey(status.ref), status) }
  forget (ref: ObjectRef): void { this.#statuses.delete(refKey(ref)) }
  /** Another process knows better from now on. */
  clear (): void { this.#statuses.clear() }

  /** Sorted by kind and name. */
  all (): readonly ObjectStatus[] {
    return [...this.#statuses].sort(([a], [b]) => a < b ? -1 : 1).map(([, status]) => status)
  }
}

/** Tells several sinks. */
export const eachSink = (...sinks: readonly StatusSink[]): StatusSink => ({
  report: status => { for (const sink of sinks) sink.report(status) },
  forget: ref => { for (const sink of sinks) sink.forget(ref) },
})
