import type { Measurement, Reading } from '../../core/scaling/types.js'

/** Called when a source rings: with its measurement where it says one, else undefined, and the unit looks for itself. */
export type OnRing = (measurement: Measurement | undefined) => void

/** What speaks for a target: a scale trigger of a ScaledObject, or the demand of a Trigger. */
export interface Voice {
  /** Unique within the unit; the name that its readings carry. */
  readonly trigger: string
  /** The scaler's type, or the connector's. */
  readonly type: string
  /** The question that its last look shared with others, where it was one: who asks the same looks at the same instants. */
  readonly question?: string | undefined
  /** One look. Never rejects: what went wrong is a reading. */
  look(signal: AbortSignal): Promise<Reading>
  arm(onRing: OnRing): void
  disarm(): void
  close(): Promise<void>
}
