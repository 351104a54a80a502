import { errorCode, errorMessage, TidegateError } from '../core/errors.js'
import type { Reading } from '../core/scaling/types.js'
import type { Kit } from '../plugin/kit.js'
import { measuredAs } from '../plugin/reading.js'
import type { Scaler } from '../plugin/scaler.js'
import { onAbort } from '../plugin/signals.js'
import type { AnyScaler } from '../registry/registry.js'
import { formatProblem, type Problem } from '../spec/problem.js'
import type { Clock, Counter, Gauge, Histogram, Log } from './ports.js'
import { untilAborted } from './sharing.js'
import type { OnRing, Voice } from './voice.js'

/** A configuration as it resolved now: `digest` changes when any value does, secrets included. */
export type ResolvedConfig =
  | { readonly ok: true, readonly config: unknown, readonly digest: string }
  | { readonly ok: false, readonly problems: readonly Problem[] }

export interface SourceReaderParts {
  /** Unique within the target's unit; the name readings carry. */
  readonly trigger: string
  readonly definition: AnyScaler
  readonly metricType: 'AverageValue' | 'Value'
  readonly resolve: () => Promise<ResolvedConfig>
  readonly kit: Kit
  readonly clock: Clock
  readonly log: Log
  readonly metrics: {
    readonly measured: Counter
    readonly absent: Counter
    readonly failed: Counter
    readonly duration: Histogram
    readonly value: Gauge
  }
}

/** Longest a look may take before it counts as failed. */
const lookTimeoutMs = 10_000
/** A rotated credential is noticed within this time, and at once after a refusal. */
const resolveEveryMs = 60_000
const rearmAfterMs = 2_000

/** Keeps one scaler: opens it, looks through it, opens another when its configuration changed or it failed, closes it. */
export class SourceReader implements Voice {
  readonly trigger: string
  readonly type: string
  readonly #parts: SourceReaderParts
  #open: { readonly scaler: Scaler, readonly digest: string } | undefined
  #resolvedAt = -Infinity
  #isClosed = false
  /** Why the last look failed; told when it changes. */
  #failing: string | undefined
  #armed: AbortController | undefined
  #watching: Promise<void> = Promise.resolve()
  #looking: Promise<Reading> | undefined
  #onRing: OnRing = () => undefined

  constructor (parts: SourceReaderParts) {
    this.#parts = parts
    this.trigger = parts.trigger
    this.type = parts.definition.type
  }

  /** One look, as a reading; never rejects. A second call while one is under way gets the same look. */
  look (signal: AbortSignal): Promise<Reading> {
    return this.#looking ??= this.#look(signal).finally(() => { this.#looking = undefined })
  }

  async #look (signal: AbortSignal): Promise<Reading> {
    const { clock, metrics, trigger } = this.#parts
    const began = clock.monotonic()
    const limit = new AbortController()
    const letGo = onAbort(signal, () => limit.abort(signal.reason))
    const cancel = clock.after(lookTimeoutMs, () => limit.abort(new TidegateError('TG_SOURCE_UNREACHABLE', `no answer within ${lookTimeoutMs / 1000} s`)))
    try {
      const scaler = await untilAborted(this.#opened(), limit.signal)
      const look = await untilAborted(scaler.read(limit.signal), limit.signal)
      const at = clock.now()
      if ('kind' in look) {
        metrics.absent.inc()
        this.#recovered()
        return { kind: 'absent', trigger, at, why: look.why, ...(look.mayWake === undefined ? {} : { mayWake: look.mayWake }) }
      }
      metrics.measured.inc()
      this.#recovered()
      metrics.value.set(look.reduce((sum, m) => sum + m.value, 0))
      return { kind: 'measured', trigger, at, measurements: look }
    } catch (error) {
      return this.#failed(error)
    } finally {
      cancel()
      letGo()
      metrics.duration.observe((clock.monotonic() - began) / 1000)
    }
  }

  #failed (error: unknown): Reading {
    const { clock, metrics, trigger } = this.#parts
    metrics.failed.inc()
    const code = errorCode(error, 'TG_SOURCE_UNREACHABLE')
    if (code === 'TG_SOURCE_REFUSED') this.#resolvedAt = -Infinity // perhaps the credential was rotated: resolve again before the next look
    const message = errorMessage(error)
    if (message !== this.#failing && code !== 'TG_TARGET_NOT_FOUND') this.#parts.log.warn({ code, err: message }, 'the source cannot be read; nothing is lowered, and it is tried again at the next look')
    this.#failing = message
    return { kind: 'failed', trigger, at: clock.now(), code, message }
  }

  #recovered (): void {
    if (this.#failing !== undefined) this.#parts.log.info({}, 'the source can be read again')
    this.#failing = undefined
  }

  /** The scaler for the configuration as it is now. A new client comes first, then the old one goes. */
  async #opened (): Promise<Scaler> {
    const { clock, definition, kit, metricType, resolve } = this.#parts
    if (this.#open !== undefined && clock.monotonic() - this.#resolvedAt < resolveEveryMs) return this.#open.scaler
    const resolved = await resolve()
    if (!resolved.ok) throw new TidegateError(resolved.problems[0]?.code ?? 'TG_CONFIG_INVALID', resolved.problems.map(formatProblem).join('\n'))
    this.#resolvedAt = clock.monotonic()
    if (this.#open?.digest === resolved.digest) return this.#open.scaler
    const scaler = await definition.open(resolved.config, kit, measuredAs({ ...definition.measure(resolved.config), metricType }))
    if (this.#isClosed) {
      await this.#closeScaler(scaler)
      throw new TidegateError('TG_SOURCE_UNREACHABLE', 'closed while it was opened')
    }
    const old = this.#open
    this.#open = { scaler, digest: resolved.digest }
    if (old !== undefined) {
      await this.#disarm()
      await this.#closeScaler(old.scaler)
      this.arm(this.#onRing)
    }
    return scaler
  }

  /** Lets the source ring, if it can and was opened. Arming what is armed changes nothing. */
  arm (onRing: OnRing): void {
    this.#onRing = onRing
    const scaler = this.#open?.scaler
    if (this.#isClosed || this.#armed !== undefined || scaler?.watch === undefined) return
    const controller = new AbortController()
    this.#armed = controller
    this.#watching = this.#watch(scaler, controller.signal)
  }

  disarm (): void { void this.#disarm() }

  async #disarm (): Promise<void> {
    this.#armed?.abort()
    this.#armed = undefined
    await this.#watching
  }

  async #watch (scaler: Scaler, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        for await (const rung of scaler.watch?.(signal) ?? []) {
          if (signal.aborted) return
          this.#onRing(rung === 'ring' ? undefined : rung)
        }
      } catch (error) {
        this.#parts.log.debug({ trigger: this.trigger, err: errorMessage(error) }, 'doorbell lost, arming it again')
      }
      await this.#parts.clock.sleep(rearmAfterMs, signal)
    }
  }

  async close (): Promise<void> {
    this.#isClosed = true
    await this.#disarm()
    await this.#looking
    const open = this.#open
    this.#open = undefined
    if (open !== undefined) await this.#closeScaler(open.scaler)
  }

  async #closeScaler (scaler: Scaler): Promise<void> {
    try {
      await scaler.close()
    } catch (error) {
      this.#parts.log.warn({ trigger: this.trigger, err: errorMessage(error) }, 'a scaler did not close cleanly')
    }
  }
}
