import type { EpochMs } from '../clock.js'
import { stabilizedCount, stabilizeWithoutBehavior, type Windows } from './hpa-stabilization.js'
import { rememberWish } from './remember.js'
import { replicasText, type ScalingState, type Stage } from './state.js'

/** Holds the count by the recent recommendations, and remembers the new one as it was before. */
export const stabilize: Stage = {
  name: 'stabilize',
  apply: state => {
    const { policy, memory, now, replicas: wish } = state
    const windows = { upMs: policy.scaleUp.stabilizationWindowMs, downMs: policy.scaleDown.stabilizationWindowMs }
    const remembered = rememberWish({ memory, now, replicas: wish, policy })
    const replicas = stabilizedWish(state, windows)
    if (replicas === wish) return { memory: remembered }
    const windowMs = replicas > wish ? windows.downMs : windows.upMs
    return {
      memory: remembered,
      replicas,
      reason: 'Stabilized',
      rechecks: [...state.rechecks, endOfHold(state, replicas, windowMs)],
      because: `${replicas > wish ? 'a higher' : 'a lower'} recommendation of the last ${windowMs / 1000} s holds ${replicasText(replicas)}`,
    }
  },
}

function stabilizedWish ({ policy, memory, now, current, replicas: wish }: ScalingState, windows: Windows): number {
  const log = memory.recommendations
  if (policy.hpaWithoutBehavior === true) return stabilizeWithoutBehavior({ now, wish, windowMs: windows.downMs, log }).replicas
  return stabilizedCount({ now, current: current.spec, wish, windows, log })
}

/** When the last recommendation that holds this count leaves its window. */
function endOfHold ({ memory, now, replicas: wish }: ScalingState, held: number, windowMs: number): EpochMs {
  const holders = memory.recommendations.filter(({ at, replicas }) => now - at <= windowMs && (held > wish ? replicas >= held : replicas <= held))
  return Math.max(...holders.map(({ at }) => at)) + windowMs
}
