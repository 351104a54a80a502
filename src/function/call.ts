import type { Clock } from '../core/clock.js'
import type { Outcome } from '../core/delivery/types.js'
import { Timed, type Deadlines } from './deadline.js'
import { failureMessage } from './failure.js'
import { findRetryAfter, retryAfterMs } from './retry-after.js'
import type { Client, Target } from './target.js'

/** Most bytes of an answer that are read so that its connection can be used again; a longer one costs the connection. */
const drainedBytes = 1 << 20

/** What calls share: one object per time limit. */
export interface CallContext {
  readonly clock: Clock
  readonly deadlines: Deadlines
  readonly timeoutMs: number
}

/**
 * One POST: the handler of its connection, a deadline and an abort in one object; the first of them to end it decides the outcome.
 * An answer counts when it is complete, or when it is so long that the rest is not worth reading.
 */
export class Call extends Timed {
  readonly client: Client
  readonly #context: CallContext
  readonly #target: Target
  readonly #resolve: (outcome: Outcome) => void
  /** The calls that the same signal ends. */
  readonly #group: Set<Call>
  #hasEnded = false
  #status = 0
  #retryAfterMs: number | undefined
  #bytesLeft = drainedBytes

  constructor (context: CallContext, target: Target, group: Set<Call>, resolve: (outcome: Outcome) => void) {
    super()
    this.client = target.take()
    this.#context = context
    this.#target = target
    this.#group = group
    this.#resolve = resolve
    group.add(this)
    context.deadlines.join(this)
  }

  onAborted (): void { this.#cut({ kind: 'aborted' }) }

  override onDeadline (): void { this.#cut({ kind: 'timed-out', afterMs: this.#context.timeoutMs }) }

  // undici's handler, in its raw form: header objects and a controller per call are what its newer form adds.

  onConnect (): void {
    if (this.#hasEnded) throw new Error('ended before it was sent')
  }

  onHeaders (status: number, headers: Buffer[]): boolean {
    if (status < 200) return true
    this.#status = status
    if (status >= 300) {
      const text = findRetryAfter(headers)
      if (text !== undefined) this.#retryAfterMs = retryAfterMs(text, this.#context.clock.now())
    }
    return true
  }

  onData (chunk: Buffer): boolean {
    this.#bytesLeft -= chunk.length
    if (this.#bytesLeft < 0) this.#cut(this.#answered())
    return true
  }

  onComplete (): void { this.#endItself(this.#answered()) }

  onError (error: Error): void { this.#endItself({ kind: 'unreachable', message: failureMessage(this.#target.origin, error) }) }

  #answered (): Outcome {
    return this.#retryAfterMs === undefined
      ? { kind: 'answered', status: this.#status }
      : { kind: 'answered', status: this.#status, retryAfterMs: this.#retryAfterMs }
  }

  #endItself (outcome: Outcome): void {
    if (this.#hasEnded) return
    this.#end(outcome)
    this.#target.give(this.client)
  }

  /** Ends it before its answer is complete; the connection is given up with it. */
  #cut (outcome: Outcome): void {
    if (this.#hasEnded) return
    this.#end(outcome)
    this.#target.discard(this.client)
  }

  #end (outcome: Outcome): void {
    this.#hasEnded = true
    this.#group.delete(this)
    this.#context.deadlines.leave(this)
    this.#resolve(outcome)
  }
}
