import { activate } from './activate.js'
import { adopted, busy, clamp, maxStep, oneWayPause } from './bounds.js'
import { fallback } from './fallback.js'
import { formula } from './formula.js'
import { rememberChange } from './remember.js'
import { forceActivation, foreignChange, paused } from './overrides.js'
import { propose } from './propose.js'
import { rate } from './rate.js'
import { stabilize } from './stabilize.js'
import { beginScaling, type ScalingState, type Stage } from './state.js'
import type { Decision, DecisionInput, Step } from './types.js'
import { unknown } from './unknown.js'

/** The order of the rules. The bounds come after everything else, so that what the user edits acts at once. */
const stages: readonly Stage[] = [
  foreignChange, paused, forceActivation, fallback, formula, propose, unknown, stabilize, rate, activate, busy, adopted, maxStep, clamp, oneWayPause,
]

/**
 * Chooses a replica count: the only function that does. Pure and total: the same input gives the same decision, and it never throws on
 * plain data of the declared types. `memory` of the decision goes back in as `memory` of the next one, once the count was written.
 */
export function decideReplicas (input: DecisionInput): Decision {
  const steps: Step[] = []
  let state = beginScaling(input)
  for (const stage of stages) {
    const effect = stage.apply(state)
    if (effect === undefined) continue
    const { because, final = false, ...changed } = effect
    const from = state.replicas
    state = { ...state, ...changed }
    if (because !== undefined) steps.push({ stage: stage.name, from, to: state.replicas, because })
    if (final) break
  }
  return conclude(state, steps)
}

function conclude (state: ScalingState, steps: readonly Step[]): Decision {
  const { now, policy, current, replicas, reason, activeTriggers, fallingBack, forced } = state
  const recheckAt = Math.min(...[...state.rechecks, policy.pausedUntil ?? Infinity].filter(at => at > now))
  return {
    replicas,
    reason,
    steps,
    active: forced || activeTriggers.length > 0,
    activeTriggers,
    fallingBack,
    ...(state.formulaProblem === undefined ? {} : { formulaProblem: state.formulaProblem }),
    memory: rememberChange({ memory: state.memory, now, change: replicas - current.spec, replicas, policy }),
    ...(recheckAt === Infinity ? {} : { recheckAt }),
  }
}
