import { refKey, type Condition, type Log, type ObjectRef, type ObjectStatus, type StatusSink } from '../ports.js'

/** A StatusSink that leaves a line in the log when an object stops working for a reason that nobody else tells there, and when it works again. */
export class ReadyLog implements StatusSink {
  readonly #sink: StatusSink
  readonly #log: Log
  readonly #failing = new Map<string, string>()

  constructor (sink: StatusSink, log: Log) {
    this.#sink = sink
    this.#log = log
  }

  report (status: ObjectStatus): void {
    const ready = status.conditions.find(c => c.type === 'Ready')
    if (ready !== undefined) this.#note(refKey(status.ref), ready)
    this.#sink.report(status)
  }

  forget (ref: ObjectRef): void {
    this.#failing.delete(refKey(ref))
    this.#sink.forget(ref)
  }

  #note (object: string, { status, reason, message }: Condition): void {
    const before = this.#failing.get(object)
    if (status === 'False' && isUntold(reason)) {
      this.#failing.set(object, reason)
      if (before !== reason) this.#log.warn({ object, reason, why: message }, 'not working')
    } else if (status === 'True' && before !== undefined) {
      this.#failing.delete(object)
      this.#log.info({ object }, 'working again')
    }
  }
}

/** A source that fails and an edit that is refused have lines of their own. */
const isUntold = (reason: string): boolean => reason === 'TG_TARGET_CONFLICT' || reason.endsWith('CheckFailed') || reason.startsWith('Function')
