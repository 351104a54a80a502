import type { EpochMs } from '../clock.js'
import { policyAt } from './pause.js'
import type { Reason } from './reasons.js'
import type { CurrentReplicas, DecisionInput, Reading, ScaleMemory, ScalePolicy } from './types.js'

/** What one trigger asks for. `isKept`: the count that is there, because the wish is within tolerance of it. `isFallback`: a count that was declared for a failure. */
export interface Wish { readonly trigger: string, readonly replicas: number, readonly because: string, readonly isKept?: boolean, readonly isFallback?: boolean }

/** A trigger that asks for nothing. Only of an absent one do we know that it does not matter; the other two may hide anything. */
export interface Silence { readonly trigger: string, readonly kind: 'failed' | 'absent' | 'unread', readonly because: string }

/** What goes through the stages. A stage reads it and gives back what it changes. */
export interface ScalingState {
  readonly now: EpochMs
  readonly policy: ScalePolicy
  readonly current: CurrentReplicas
  /** At most one for each of the policy's triggers. */
  readonly readings: ReadonlyMap<string, Reading>
  readonly memory: ScaleMemory
  readonly wishes: readonly Wish[]
  readonly silences: readonly Silence[]
  readonly activeTriggers: readonly string[]
  readonly fallingBack: readonly string[]
  readonly formulaProblem?: string
  /** Active whatever the triggers say. */
  readonly forced: boolean
  /** The count as it stands after the stages so far. */
  readonly replicas: number
  /** Lowest count that the bounds allow: depends on whether the target is active, cooling down or at rest. */
  readonly floor: number
  readonly reason: Reason
  /** Instants at which a stage would say something else about the same readings. */
  readonly rechecks: readonly EpochMs[]
}

/** What a stage did: the fields it changed, and a sentence for the trace. `final` ends the fold. */
export type Effect = Partial<Omit<ScalingState, 'now' | 'policy' | 'current' | 'readings'>> & { readonly because?: string, readonly final?: boolean }

/** One rule. It knows the state and no other stage; undefined: nothing to change, nothing to say. */
export interface Stage {
  readonly name: string
  readonly apply: (state: ScalingState) => Effect | undefined
}

export function beginScaling ({ now, policy: written, current, readings, memory }: DecisionInput): ScalingState {
  const policy = policyAt(written, now)
  return {
    now,
    policy,
    current,
    readings: new Map(readings.filter(({ trigger }) => policy.triggers.includes(trigger)).map(reading => [reading.trigger, reading])),
    memory,
    wishes: [],
    silences: [],
    activeTriggers: [],
    fallingBack: [],
    forced: false,
    replicas: current.spec,
    floor: policy.minReplicas,
    reason: 'SteadyState',
    rechecks: [],
  }
}

/** Whether there is something to do. One trigger that may hide anything makes `inactive` impossible. */
export type Activity = 'active' | 'inactive' | 'unknown'

export function activityOf ({ forced, activeTriggers, wishes, silences }: ScalingState): Activity {
  if (forced || activeTriggers.length > 0) return 'active'
  return wishes.length === 0 || silences.some(mayHideAnything) ? 'unknown' : 'inactive'
}

export const mayHideAnything = ({ kind }: Silence): boolean => kind !== 'absent'

/** `1 replica`, `3 replicas`. */
export const replicasText = (count: number): string => `${count} ${count === 1 ? 'replica' : 'replicas'}`
