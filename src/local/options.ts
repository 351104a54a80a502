import type { TidegateError } from '../core/errors.js'
import type { Clock, EventSink, Log } from '../runtime/ports.js'
import type { ReplicaPhase } from './replica.js'
import type { RestartPolicy } from './restart-backoff.js'

export interface LocalOptions {
  readonly stateDir: string
  readonly clock: Clock
  /** 0 ≤ r < 1. */
  readonly random: () => number
  readonly log: Log
  readonly events: EventSink
  /** Refuse what a cluster would run and this machine does not; otherwise that is a warning. */
  readonly strict?: boolean
  /** Forget the state folder: what still runs from it is ended. */
  readonly fresh?: boolean
  /** On `stop`, leave the replicas to the next start, which the guard gives `adoptionSeconds`. */
  readonly keep?: boolean
  /** How long replicas run on without a Tidegate; 30. */
  readonly adoptionSeconds?: number
  readonly restarts?: RestartPolicy
}

/** One replica as people see it. */
export interface ReplicaView {
  readonly name: string
  readonly phase: ReplicaPhase
  readonly ready: boolean
  readonly pid: number | undefined
  readonly port: number
  readonly restarts: number
  readonly startedAt: number | undefined
  readonly readyAt: number | undefined
  /** Why the last start came to nothing: TG_TARGET_START_FAILED. */
  readonly failure: TidegateError | undefined
  readonly log: string
}
