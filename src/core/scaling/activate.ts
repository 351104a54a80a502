import { activityOf, mayHideAnything, replicasText, type Effect, type ScalingState, type Stage } from './state.js'
import type { ScalePolicy } from './types.js'

/** The count while inactive, once the cooldown is over. Undefined: there is none, the minimum holds and activation changes nothing. */
export function inactiveReplicas ({ idleReplicas, minReplicas }: ScalePolicy): number | undefined {
  return idleReplicas ?? (minReplicas === 0 ? 0 : undefined)
}

/** Fewest replicas of a target that has any work. */
const awakeReplicas = ({ minReplicas }: ScalePolicy): number => Math.max(minReplicas, 1)

/** At zero, or in idle mode below the minimum: only activation leads out of it. */
const isAsleep = ({ policy, current }: ScalingState): boolean =>
  current.spec === 0 || (policy.idleReplicas !== undefined && current.spec < policy.minReplicas)

/**
 * Zero (or idle) ↔ n, as KEDA's own loop does it, beside the HPA's arithmetic of the stages before: an active target has at least
 * one replica; an inactive one is led by its backlog until the cooldown is over, and then goes to its inactive count at once, whatever
 * windows and rates would allow.
 */
export const activate: Stage = {
  name: 'activate',
  apply: state => {
    switch (activityOf(state)) {
      case 'active': return awaken(state)
      case 'inactive': return rest(state)
      case 'unknown': return stay(state)
    }
  },
}

function awaken (state: ScalingState): Effect {
  const { policy, current, now, memory, forced, activeTriggers, fallingBack } = state
  const floor = awakeReplicas(policy)
  const isForced = forced && activeTriggers.length === 0
  const active = { memory: { ...memory, lastActiveAt: now }, floor, ...(isForced ? { reason: 'ForcedActivation' as const } : {}) }
  if (!isAsleep(state)) return active
  // As in KEDA, activity that may not lead to a replica does not count as one.
  if (policy.pausedScaleOut) return { ...active, memory }
  const replicas = Math.max(state.replicas, floor)
  const seen = activeTriggers.filter(trigger => !fallingBack.includes(trigger))
  const who = isForced ? 'activation is forced' : seen.length > 0 ? `${seen.join(', ')} ${seen.length === 1 ? 'is' : 'are'} active` : `${activeTriggers.join(', ')} ${activeTriggers.length === 1 ? 'falls' : 'fall'} back`
  return { ...active, replicas, reason: isForced ? 'ForcedActivation' : seen.length > 0 ? 'Activated' : 'Fallback', because: `${who}: from ${current.spec} to ${replicasText(replicas)}` }
}

function rest (state: ScalingState): Effect {
  const { policy, current, now } = state
  const inactive = inactiveReplicas(policy)
  if (inactive === undefined) return { floor: policy.minReplicas }
  if (current.spec <= inactive) return { replicas: current.spec, floor: current.spec, reason: 'Idle', because: `inactive, at ${replicasText(current.spec)}`, rechecks: [] }
  const quietUntil = endOfCooldown(state, inactive)
  if (quietUntil < now) {
    return { replicas: inactive, floor: inactive, reason: 'Deactivated', because: `inactive and the cooldown is over: to ${replicasText(inactive)}`, rechecks: [] }
  }
  const replicas = Math.max(state.replicas, awakeReplicas(policy))
  const cooling = { replicas, floor: awakeReplicas(policy), rechecks: [...state.rechecks, quietUntil + 1] }
  if (replicas > current.spec) return cooling
  return { ...cooling, reason: 'CoolingDown', because: `inactive, cooling down for another ${Math.ceil((quietUntil - now) / 1000)} s` }
}

/**
 * The cooldown counts from the last activity; where there was none yet, the initial one from the creation. A target that was found at work
 * when it was taken over may have been active until then.
 */
function endOfCooldown ({ memory, policy }: ScalingState, inactive: number): number {
  const known = memory.lastActiveAt === undefined ? policy.createdAt + policy.initialCooldownMs : memory.lastActiveAt + policy.cooldownMs
  return memory.adoptedReplicas > inactive ? Math.max(known, memory.adoptedAt + policy.cooldownMs) : known
}

/** Nobody knows whether there is something to do: what sleeps sleeps on, unless a minimum without idle mode asks for replicas. */
function stay (state: ScalingState): Effect {
  const { policy, current, silences } = state
  if (!isAsleep(state)) return { floor: awakeReplicas(policy) }
  const hidden = silences.find(mayHideAnything)
  const floor = policy.idleReplicas !== undefined || hidden !== undefined ? current.spec : policy.minReplicas
  if (state.replicas === current.spec) return { floor }
  const reason = hidden?.kind === 'failed' ? 'SourceFailed' : 'SourceAbsent'
  return { replicas: current.spec, floor, reason, because: 'nothing is known to be active: not woken' }
}
