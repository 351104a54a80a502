import { rememberWish } from './remember.js'
import { replicasText, type Stage } from './state.js'

/** Says that somebody else changed the count. It is corrected by what the other stages find, like any count. */
export const foreignChange: Stage = {
  name: 'foreign-change',
  apply: ({ memory, current }) => memory.lastSet === undefined || memory.lastSet === current.spec
    ? undefined
    : { because: `found ${replicasText(current.spec)} where ${memory.lastSet} was set last` },
}

/** A whole pause ends the decision. The count found meanwhile is remembered, so that one full window passes after the pause. */
export const paused: Stage = {
  name: 'paused',
  apply: ({ policy, current, memory, now }) => {
    if (policy.paused === undefined) return undefined
    const remembered = rememberWish({ memory, now, replicas: current.spec, policy })
    const end = policy.pausedUntil === undefined ? '' : ` until ${new Date(policy.pausedUntil).toISOString()}`
    return policy.paused.kind === 'hold'
      ? { reason: 'Paused', memory: remembered, because: `paused at ${replicasText(current.spec)}${end}`, final: true }
      : { reason: 'Paused', memory: remembered, replicas: policy.paused.replicas, because: `paused at ${replicasText(policy.paused.replicas)}, as asked${end}`, final: true }
  },
}

export const forceActivation: Stage = {
  name: 'force-activation',
  apply: ({ policy }) => policy.forceActivation ? { forced: true, because: 'the force-activation annotation keeps the target active' } : undefined,
}
