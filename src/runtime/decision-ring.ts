import { refKey, type DecisionLog, type DecisionRecord, type ObjectRef } from './ports.js'

/** The last decisions of each target, for `explain`; the oldest make room. */
export class DecisionRing implements DecisionLog {
  readonly #size: number
  readonly #next: DecisionLog | undefined
  readonly #records = new Map<string, DecisionRecord[]>()

  /** Each record is handed on to `next`, where one is given: a file, a test. */
  constructor (size: number, next?: DecisionLog) {
    this.#size = size
    this.#next = next
  }

  record (record: DecisionRecord): void {
    const key = refKey(record.target)
    const records = this.#records.get(key) ?? []
    records.push(record)
    if (records.length > this.#size) records.shift()
    this.#records.set(key, records)
    this.#next?.record(record)
  }

  /** Oldest first. */
  of (target: ObjectRef): readonly DecisionRecord[] { return this.#records.get(refKey(target)) ?? [] }
}
