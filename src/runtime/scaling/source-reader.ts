import { errorCode, errorMessage, TidegateError } from '../../core/errors.js'
import type { Reading } from '../../core/scaling/types.js'
import type { Kit } from '../../plugin/kit.js'
import { measuredAs } from '../../plugin/reading.js'
import type { Scaler } from '../../plugin/scaler.js'
import { onAbort } from '../../plugin/signals.js'
import type { AnyScaler } from '../../registry/registry.js'
import { besideCode, type Problem } from '../../spec/problem.js'
import type { Clock, Counter, Gauge, Histogram, Log } from '../ports.js'
import { readAgainAfterMs, resolveEveryMs, usualAgeMs } from '../credentials/credential-times.js'
import { untilAborted } from '../sharing.js'
import type { OnRing, Voice } from './voice.js'

/** A configuration as it resolved now: `digest` changes when any value does, secrets included. */
export type ResolvedConfig =
  | { readonly ok: true, readonly config: unknown, readonly digest: string }
  | { readonly ok: false, readonly problems: readonly Problem[] }

/** What is thrown where a configuration does not resolve. */
export function unresolved (problems: readonly Problem[]): TidegateError {
  const { code, text } = besideCode(problems)
  return new TidegateError(code, text)
}

export interface SourceReaderParts {
  /** Unique within the target's unit; the name readings carry. */
  readonly trigger: string
  readonly definition: AnyScaler
  readonly metricType: 'AverageValue' | 'Value'
  /** With credentials that are so old at most, milliseconds. Rejects with anything but a TidegateError where nobody could be asked. */
  readonly resolve: (maxAgeMs: number) => Promise<ResolvedConfig>
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

/** One that takes longer to open is given up; should it open after all, it is closed again. */
const openTimeoutMs = 60_000
/** Longest a look may take before it counts as failed. */
const lookTimeoutMs = 10_000
const rearmAfterMs = 2_000
/** A doorbell that is refused asks for a look with credentials read anew, this often. */
const refusedRingEveryMs = 15_000

/** Keeps one scaler: opens it, looks through it, opens another when its configuration changed or it failed, closes it. */
export class SourceReader implements Voice {
  readonly trigger: string
  readonly type: string
  readonly #parts: SourceReaderParts
  readonly #kit: Kit
  #open: { readonly scaler: Scaler, readonly digest: string } | undefined
  /** Under way, though the look that began it may be over: the next look waits for the same. */
  #opening: { readonly scaler: Promise<Scaler>, readonly since: number } | undefined
  #question: string | undefined
  #resolvedAt = -Infinity
  /** The source refused us, and has not let us in since: perhaps the credential was rotated. */
  #isRefused = false
  #refusedRingAt = -Infinity
  #saidOutdated = false
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
    this.#kit = { ...parts.kit, ask: (key, ...rest) => { this.#question ??= key; return parts.kit.ask(key, ...rest) } }
  }

  get question (): string | undefined { return this.#question }

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
      const scaler = await untilAborted(this.#opened(limit.signal), limit.signal)
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
    if (code === 'TG_SOURCE_REFUSED') this.#isRefused = true
    const message = errorMessage(error)
    if (message !== this.#failing && code !== 'TG_TARGET_NOT_FOUND') this.#parts.log.warn({ code, err: message }, 'the source cannot be read; nothing is lowered, and it is tried again at the next look')
    this.#failing = message
    return { kind: 'failed', trigger, at: clock.now(), code, message }
  }

  #recovered (): void {
    if (this.#failing !== undefined) this.#parts.log.info({}, 'the source can be read again')
    this.#failing = undefined
    this.#isRefused = false
  }

  /** What it comes to its source with may be another now: resolves anew at the next look, which is at once where the last one failed. */
  resolveAgain (): void {
    this.#resolvedAt = -Infinity
    if (this.#failing !== undefined) this.#onRing(undefined)
  }

  /** The scaler for the configuration as it is now. */
  #opened (signal: AbortSignal): Promise<Scaler> {
    const now = this.#parts.clock.monotonic()
    if (this.#open !== undefined && !this.#isRefused && now - this.#resolvedAt < resolveEveryMs) return Promise.resolve(this.#open.scaler)
    if (this.#opening !== undefined && now - this.#opening.since < openTimeoutMs) return this.#opening.scaler
    const scaler = this.#openAnew(signal).finally(() => { if (this.#opening?.scaler === scaler) this.#opening = undefined })
    this.#opening = { scaler, since: now }
    return scaler
  }

  /** A new client comes first, then the old one goes. */
  async #openAnew (signal: AbortSignal): Promise<Scaler> {
    const { definition, metricType } = this.#parts
    const present = this.#open
    const resolved = await this.#resolved()
    if (present !== undefined && (resolved === undefined || resolved.digest === present.digest)) return present.scaler
    if (resolved === undefined) throw new TidegateError('TG_INTERNAL', 'resolved to nothing')
    this.#question = undefined // another configuration may ask something else
    const scaler = await definition.open(resolved.config, this.#kit, measuredAs({ ...definition.measure(resolved.config), metricType }))
    const isLate = (): boolean => this.#isClosed || this.#open !== present
    if (isLate() || (present !== undefined && !await this.#isLetIn(scaler, signal)) || isLate()) {
      await this.#closeScaler(scaler)
      if (this.#isClosed || this.#open === undefined) throw new TidegateError('TG_SOURCE_UNREACHABLE', 'closed while it was opened')
      return this.#open.scaler
    }
    this.#open = { scaler, digest: resolved.digest }
    if (present !== undefined) {
      await this.#disarm()
      await this.#closeScaler(present.scaler)
      this.arm(this.#onRing)
    }
    return scaler
  }

  /** Undefined where nobody could be asked and there is a client: an API server that is away is no reason to lose sight of the source. */
  async #resolved (): Promise<Extract<ResolvedConfig, { ok: true }> | undefined> {
    try {
      const resolved = await this.#parts.resolve(this.#isRefused ? readAgainAfterMs : usualAgeMs)
      if (!resolved.ok) throw unresolved(resolved.problems)
      this.#resolvedAt = this.#parts.clock.monotonic()
      return resolved
    } catch (error) {
      if (this.#open === undefined || error instanceof TidegateError) throw error
      this.#parts.log.debug({ trigger: this.trigger, err: errorMessage(error) }, 'credentials could not be read again; going on with those at hand')
      return undefined
    }
  }

  /** Whether the source does not refuse a new client. Until then the old one stays: a Secret may be changed before its broker is. */
  async #isLetIn (scaler: Scaler, signal: AbortSignal): Promise<boolean> {
    try {
      await untilAborted(scaler.read(signal), signal)
    } catch (error) {
      if (errorCode(error, 'TG_SOURCE_UNREACHABLE') === 'TG_SOURCE_REFUSED') {
        if (!this.#saidOutdated) this.#parts.log.warn({ trigger: this.trigger, err: errorMessage(error) }, 'the source refuses the new credentials; going on with the old ones')
        this.#saidOutdated = true
        return false
      }
    }
    this.#saidOutdated = false
    return true
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
        if (errorCode(error, 'TG_SOURCE_UNREACHABLE') === 'TG_SOURCE_REFUSED') this.#bellRefused()
      }
      await this.#parts.clock.sleep(rearmAfterMs, signal)
    }
  }

  /** A look follows, with credentials read anew. */
  #bellRefused (): void {
    const now = this.#parts.clock.monotonic()
    this.#isRefused = true
    if (now - this.#refusedRingAt < refusedRingEveryMs) return
    this.#refusedRingAt = now
    this.#onRing(undefined)
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
