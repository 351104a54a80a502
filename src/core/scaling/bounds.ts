import { replicasText, type Stage } from './state.js'

/** Scaling down stops at the count of replicas that are working. */
export const busy: Stage = {
  name: 'busy',
  apply: ({ replicas, current }) => {
    const working = Math.min(current.busy ?? 0, current.spec)
    return replicas >= working ? undefined : { replicas: working, reason: 'Busy', because: `${replicasText(working)} working: not stopped` }
  },
}

/** A target that was taken over a short while ago is not lowered below what was found before one full window: what was before is not known. */
export const adopted: Stage = {
  name: 'adopted',
  apply: ({ replicas, current, memory, policy, now, rechecks }) => {
    const until = memory.adoptedAt + policy.scaleDown.stabilizationWindowMs
    const found = Math.min(current.spec, memory.adoptedReplicas)
    if (replicas >= found || now >= until) return undefined
    return {
      replicas: found,
      reason: 'Adopted',
      rechecks: [...rechecks, until],
      because: `taken over a short while ago with ${replicasText(memory.adoptedReplicas)}: not lowered below that for another ${Math.ceil((until - now) / 1000)} s`,
    }
  },
}

/** Caps what one write adds or removes. */
export const maxStep: Stage = {
  name: 'max-step',
  apply: ({ replicas, current, policy }) => {
    const step = policy.maxStep ?? Infinity
    const allowed = Math.min(Math.max(replicas, current.spec - step), current.spec + step)
    return allowed === replicas ? undefined : { replicas: allowed, reason: 'RateLimited', because: `one step changes at most ${replicasText(step)}` }
  },
}

/** What the user wrote as bounds, last of the numbers, so that an edit acts at once. */
export const clamp: Stage = {
  name: 'clamp',
  apply: ({ replicas, floor, policy }) => {
    if (replicas > policy.maxReplicas) return { replicas: policy.maxReplicas, reason: 'AtMaximum', because: `maxReplicaCount is ${policy.maxReplicas}` }
    if (replicas < floor) return { replicas: floor, reason: 'AtMinimum', because: `not fewer than ${replicasText(floor)}` }
    return undefined
  },
}

/** A pause of one direction: the user forbids it altogether, bounds included. */
export const oneWayPause: Stage = {
  name: 'paused-direction',
  apply: ({ replicas, current, policy }) => {
    if (replicas < current.spec && policy.pausedScaleIn) return { replicas: current.spec, reason: 'ScaleInPaused', because: 'scaling down is paused' }
    if (replicas > current.spec && policy.pausedScaleOut) return { replicas: current.spec, reason: 'ScaleOutPaused', because: 'scaling up is paused' }
    return undefined
  },
}
