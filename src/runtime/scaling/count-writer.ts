import { errorMessage } from '../../core/errors.js'
import type { CurrentReplicas, Decision } from '../../core/scaling/types.js'
import { fallbackWords } from './unit-status.js'
import { refKey, type Counter, type EventSink, type Log, type ObjectRef, type ScaleTarget } from '../ports.js'

export interface CountWriterParts {
  readonly target: ObjectRef
  readonly scaleTarget: ScaleTarget
  readonly log: Log
  readonly events: EventSink
  readonly metrics: { readonly writes: { readonly ok: Counter, readonly failed: Counter } }
}

/** Sets the count of one target, and tells it: metric, log line, and an event with KEDA's reasons and words (keda.md a.6). */
export class CountWriter {
  readonly #parts: CountWriterParts

  constructor (parts: CountWriterParts) { this.#parts = parts }

  /** False where it could not be written: the next look tries again. */
  async write (decision: Decision, current: CurrentReplicas, by: readonly ObjectRef[], busy: ReadonlySet<string>): Promise<boolean> {
    const { target, scaleTarget, log, metrics } = this.#parts
    const change = { target: refKey(target), from: current.spec, to: decision.replicas }
    try {
      await scaleTarget.set(target, decision.replicas, busy)
    } catch (error) {
      metrics.writes.failed.inc()
      log.warn({ ...change, err: errorMessage(error) }, 'the count could not be written; trying again')
      this.#tell(by, 'Warning', failedReason(decision), `${failedWords(decision)} ${this.#move(current.spec, decision.replicas)}: ${errorMessage(error)}`)
      return false
    }
    metrics.writes.ok.inc()
    const because = decision.steps.at(-1)?.because ?? decision.reason
    log.info({ ...change, reason: decision.reason, because }, 'scaled')
    this.#tell(by, decision.reason === 'Fallback' ? 'Warning' : 'Normal', reasonOf(decision, current.spec), this.#note(decision, current.spec, because))
    return true
  }

  #tell (by: readonly ObjectRef[], type: 'Normal' | 'Warning', reason: string, note: string): void {
    for (const ref of by) this.#parts.events.emit(ref, { type, reason, note })
  }

  #note (decision: Decision, from: number, because: string): string {
    const move = this.#move(from, decision.replicas)
    if (decision.reason === 'Fallback') return `Scaled ${move}: ${fallbackWords(decision)}`
    switch (reasonOf(decision, from)) {
      case 'KEDAScaleTargetActivated': return `Scaled ${move}, ${decision.activeTriggers.length === 0 ? 'caused by forced activation annotation' : `triggered by ${decision.activeTriggers.join(';')}`}`
      case 'KEDAScaleTargetDeactivated': return `Deactivated ${move}`
      default: return `Scaled ${move}: ${because}`
    }
  }

  #move (from: number, to: number): string {
    const { kind, namespace, name } = this.#parts.target
    return `${kind} ${namespace}/${name} from ${from} to ${to}`
  }
}

/** KEDA's HPA tells the other changes under names of its own; there is one word for them here. */
function reasonOf ({ reason, replicas }: Decision, from: number): string {
  if (from === 0 || reason === 'Activated') return 'KEDAScaleTargetActivated'
  return replicas === 0 || reason === 'Deactivated' ? 'KEDAScaleTargetDeactivated' : 'ScaleTargetScaled'
}

const isDown = ({ reason, replicas }: Decision): boolean => replicas === 0 || reason === 'Deactivated'
const failedReason = (decision: Decision): string => isDown(decision) ? 'KEDAScaleTargetDeactivationFailed' : 'KEDAScaleTargetActivationFailed'
const failedWords = (decision: Decision): string => isDown(decision) ? 'Failed to deactivate' : 'Failed to scale'
