import type { ComponentInfo } from './component.js'
import type { Kit } from './kit.js'
import type { Look, Measure, Measured } from './reading.js'
import type { Measurement } from '../core/scaling/types.js'

/** Reads one number about a source. */
export interface Scaler {
  /**
   * One look at the source: measurements, or absent. Throws when it could not look (TidegateError `TG_SOURCE_…` where it can say why);
   * the runtime makes that a failed reading, which lowers nothing. Ends soon after the signal aborts. Never called twice at once.
   */
  read(signal: AbortSignal): Promise<Look>
  /**
   * A doorbell: yields when there may be more to do than at the last read, with the measurement where the source says it, else `'ring'`.
   * Armed by the runtime while the count is at zero (or idle) and while it is below the maximum. Leaves nothing behind in the broker.
   * Ends when the signal aborts; throws when the line is lost, and is armed again after a pause. Absent: this source cannot ring,
   * and is noticed within the polling interval.
   */
  watch?(signal: AbortSignal): AsyncIterable<Measurement | 'ring'>
  /** Called once, after the last read has settled. */
  close(): Promise<void>
}

export interface ScalerDefinition<C = unknown> extends ComponentInfo<C> {
  /** Pure: what is measured, and against which target. KEDA's metric name, normalised, without the `s<i>-` prefix. */
  measure(config: C): Measure
  /** Makes a scaler; may wait for nothing that a dead broker could withhold: `read` is where a source is found to be away. */
  open(config: C, kit: Kit, measured: Measured): Scaler | Promise<Scaler>
  /** Key of `defaults` in tidegate.yaml whose values stand in for parameters not written; absent: no defaults. */
  readonly defaultsKey?: string
  /** The field of the target value: it must be written unless a formula (scalingModifiers) takes the number instead. */
  readonly targetField?: string
  /** `useCachedMetrics` has no meaning for this scaler and is refused, as KEDA does. */
  readonly refusesCachedMetrics?: true
}

export function defineScaler<C> (definition: ScalerDefinition<C>): ScalerDefinition<C> { return definition }
