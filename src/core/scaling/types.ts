import type { EpochMs } from '../clock.js'
import type { Reason } from './reasons.js'

/**
 * One number about a source, with what it is measured against.
 * `value` and `target` have the same unit; with metricType `AverageValue` one replica is meant to hold `target`,
 * with `Value` the whole of the target's replicas is.
 */
export interface Measurement {
  /** Stable within its trigger; KEDA's normalised metric name without the `s<i>-` prefix. */
  readonly name: string
  /** ≥ 0. */
  readonly value: number
  /** > 0. */
  readonly target: number
  /** The source is active when `value` is strictly greater than this. */
  readonly activation: number
  readonly metricType: 'AverageValue' | 'Value'
  /** What the source itself says about being active; overrides `value > activation`. */
  readonly active?: boolean
  /** Handed out and not settled yet; part of `value`. */
  readonly inFlight?: number
  /** Monotonic count of all that ever arrived. */
  readonly arrivedTotal?: number
  readonly oldestAgeSeconds?: number
  /** The most replicas this source can feed (Kafka: partitions). */
  readonly maxUseful?: number
}

/** What one look at one trigger gave. `at` is the instant of the look: the same look handed in twice is counted once. */
export type Reading =
  | { readonly kind: 'measured', readonly trigger: string, readonly at: EpochMs, readonly measurements: readonly Measurement[] }
  /** Asked, and there is nothing there yet: not zero, not an error. `mayWake`: the consumer that we would start makes what is missing. */
  | { readonly kind: 'absent', readonly trigger: string, readonly at: EpochMs, readonly why: string, readonly mayWake?: boolean }
  | { readonly kind: 'failed', readonly trigger: string, readonly at: EpochMs, readonly code: string, readonly message: string }

/** A rate limit of `behavior.scaleUp` / `behavior.scaleDown` (autoscaling/v2). */
export interface ScalingPolicy { readonly type: 'Pods' | 'Percent', readonly value: number, readonly periodMs: number }

export interface ScalingRules {
  readonly stabilizationWindowMs: number
  readonly selectPolicy: 'Max' | 'Min' | 'Disabled'
  /** Empty: no rate limit in this direction. */
  readonly policies: readonly ScalingPolicy[]
  /** Ratio around 1 inside which the count stays; 0.1 unless written. */
  readonly tolerance: number
}

export interface FallbackPolicy {
  /** Fallback begins at failed look `failureThreshold + 1`. */
  readonly failureThreshold: number
  readonly replicas: number
  /** `scalingModifiers`: a trigger that falls back is nil in the formula, and `replicas` holds where the formula then gives nil. */
  readonly behavior: 'static' | 'currentReplicas' | 'currentReplicasIfHigher' | 'currentReplicasIfLower' | 'scalingModifiers'
}

/** One number made of several triggers; it takes the place of their wishes. */
export interface FormulaPolicy {
  /** expr-lang over the names of `triggers`. */
  readonly expression: string
  /** Triggers that it is made of; others of the policy vote beside it. */
  readonly triggers: readonly string[]
  /** > 0. */
  readonly target: number
  /** Active when the number is strictly greater than this. */
  readonly activation: number
  readonly metricType: Measurement['metricType']
  /** The number is a count of replicas: it is taken without a tolerance. */
  readonly isReplicas?: boolean
}

/** Everything the user wrote about one target, resolved. Counts are whole and ≥ 0. */
export interface ScalePolicy {
  readonly minReplicas: number
  readonly maxReplicas: number
  /** Set: idle mode, the count while inactive. */
  readonly idleReplicas?: number
  /** From the last activity to zero (or idle). */
  readonly cooldownMs: number
  /** From `createdAt`, while there was no activity yet. */
  readonly initialCooldownMs: number
  readonly createdAt: EpochMs
  readonly fallback?: FallbackPolicy
  readonly formula?: FormulaPolicy
  readonly scaleUp: ScalingRules
  readonly scaleDown: ScalingRules
  /** Whole pause: `hold` keeps the count; `at` sets it. */
  readonly paused?: { readonly kind: 'hold' } | { readonly kind: 'at', readonly replicas: number }
  readonly pausedScaleIn: boolean
  readonly pausedScaleOut: boolean
  /** Instant at which every pause of the object ends; with no other pause written the count is held until then. */
  readonly pausedUntil?: EpochMs
  readonly forceActivation: boolean
  /** Most replicas one write may add or remove; what is left follows at the next look. A minimum or maximum that is not kept is restored at once. */
  readonly maxStep?: number
  /** Stabilizes and limits as the HPA does for an object without `behavior` (a step up of at most twice the count, at least 4). For comparison in `simulate`. */
  readonly hpaWithoutBehavior?: boolean
  /** Triggers whose readings vote; a reading of a trigger not named here is ignored. */
  readonly triggers: readonly string[]
}

/** The target as it is now. */
export interface CurrentReplicas {
  /** What was asked for last, by anyone. */
  readonly spec: number
  /** Existing. */
  readonly status: number
  readonly ready: number
  /** Replicas known to be working right now, where anyone knows; scaling down stops at this count. */
  readonly busy?: number
}

/** One recommendation or scale event of the past. */
export interface Recommendation { readonly at: EpochMs, readonly replicas: number }
export interface ScaleEvent { readonly at: EpochMs, readonly change: number }

/** What must be remembered from one decision to the next: plain data, given back by `decideReplicas`. */
export interface ScaleMemory {
  /** Form of this object; another number is not understood and counts as lost. */
  readonly version: 1
  /** When this unit took the target over, and the count that it found: nothing below that count before one full window, and no rest before one cooldown. */
  readonly adoptedAt: EpochMs
  readonly adoptedReplicas: number
  /** The count that was there before anything of ours: what a later take-over finds does not change it. */
  readonly originalReplicas?: number
  /** Instant of the last decision: how old this memory is. */
  readonly decidedAt?: EpochMs
  /** Last instant at which the target counted as active. */
  readonly lastActiveAt?: EpochMs
  /** Raw wishes inside the stabilization windows, oldest first. */
  readonly recommendations: readonly Recommendation[]
  /** Writes inside the longest policy period, oldest first; change is signed. */
  readonly scaleEvents: readonly ScaleEvent[]
  /** Consecutive failed looks per trigger, and the last look that was counted. */
  readonly failures: Readonly<Record<string, { readonly count: number, readonly lookedAt: EpochMs }>>
  /** What we set last; another `spec` is a foreign change. */
  readonly lastSet?: number
}

/** One stage that changed or explained something; the trace of the fold, and the only explanation there is. */
export interface Step {
  readonly stage: string
  readonly from: number
  readonly to: number
  readonly because: string
}

export interface DecisionInput {
  readonly now: EpochMs
  readonly policy: ScalePolicy
  readonly current: CurrentReplicas
  readonly readings: readonly Reading[]
  readonly memory: ScaleMemory
}

export interface Decision {
  readonly replicas: number
  readonly reason: Reason
  readonly steps: readonly Step[]
  /** Whether the target counts as active. */
  readonly active: boolean
  /** Triggers that are active: over their activation threshold, falling back to some replicas, or allowed to wake. */
  readonly activeTriggers: readonly string[]
  /** Triggers whose fallback applied. */
  readonly fallingBack: readonly string[]
  /** Why the formula gave no number. */
  readonly formulaProblem?: string
  /** Memory as it is after `replicas` was written successfully. */
  readonly memory: ScaleMemory
  /** The next instant at which the same readings could give another answer (a cooldown or window ends); absent: never. */
  readonly recheckAt?: EpochMs
}
