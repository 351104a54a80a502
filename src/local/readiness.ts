import type { Clock } from '../core/clock.js'
import { askProbe, type ProbeQuestion } from './probe.js'

/** How a replica's readiness is found out. */
export interface ReadinessRule {
  /** Undefined: a replica is ready as soon as it runs. */
  readonly question: ProbeQuestion | undefined
  /** Whether it is asked again after the first yes: a declared probe is, an open port is not. */
  readonly goesOn: boolean
  readonly periodMs: number
  readonly timeoutMs: number
  readonly failureThreshold: number
  readonly successThreshold: number
}

/** Until the first yes. `initialDelaySeconds` is not waited for: it spares a starting replica failures, and here a failure costs it nothing. */
const startingPeriodMs = 50

export interface ReadinessListener {
  /** The answer changed. */
  changed(isReady: boolean): void
  /** Every answer, the first one included: undefined is yes. */
  answered(why: string | undefined): void
}

/** Asks until the signal aborts: every 50 ms until the first yes, then as declared. One question at a time. */
export async function followReadiness (rule: ReadinessRule, clock: Clock, listener: ReadinessListener, signal: AbortSignal): Promise<void> {
  if (rule.question === undefined) {
    listener.changed(true)
    listener.answered(undefined)
    return
  }
  let isReady = false
  let wasReady = false
  let inARow = 0
  while (!signal.aborted) {
    const why = await askProbe(rule.question, rule.timeoutMs, signal)
    if (signal.aborted) return
    const isYes = why === undefined
    inARow = isYes === isReady ? 0 : inARow + 1
    if (inARow >= (isYes ? rule.successThreshold : rule.failureThreshold)) {
      isReady = isYes
      inARow = 0
      listener.changed(isReady)
    }
    listener.answered(why)
    wasReady ||= isReady
    if (wasReady && !rule.goesOn) return
    await clock.sleep(wasReady ? rule.periodMs : startingPeriodMs, signal)
  }
}
