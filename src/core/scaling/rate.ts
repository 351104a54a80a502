import type { EpochMs } from '../clock.js'
import { downLimit, stepLimit, upLimit, type RateInput } from './hpa-rates.js'
import { replicasText, type ScalingState, type Stage } from './state.js'

/** Limits the change by the policies of its direction. */
export const rate: Stage = {
  name: 'rate',
  apply: state => {
    const { policy, current, replicas: wish } = state
    if (wish === current.spec) return undefined
    const isUp = wish > current.spec
    const allowed = isUp ? Math.min(wish, mostAllowed(state)) : Math.max(wish, downLimit(rateInput(state)))
    if (allowed === wish) return undefined
    const { selectPolicy } = isUp ? policy.scaleUp : policy.scaleDown
    return {
      replicas: allowed,
      reason: 'RateLimited',
      rechecks: [...state.rechecks, ...endOfLimit(state, isUp, allowed)],
      because: selectPolicy === 'Disabled'
        ? `scaling ${isUp ? 'up' : 'down'} is disabled by its selectPolicy`
        : `the policies of scale${isUp ? 'Up' : 'Down'} allow ${replicasText(allowed)} now`,
    }
  },
}

const rateInput = ({ now, current, memory, policy }: ScalingState): RateInput =>
  ({ now, current: current.spec, events: memory.scaleEvents, scaleUp: policy.scaleUp, scaleDown: policy.scaleDown })

const mostAllowed = (state: ScalingState): number =>
  state.policy.hpaWithoutBehavior === true ? stepLimit(state.current.spec) : upLimit(rateInput(state))

/** The first instant at which a change leaves the period of a policy: then the limit is another. The change decided now is one of them. */
function endOfLimit ({ now, current, memory, policy }: ScalingState, isUp: boolean, allowed: number): readonly EpochMs[] {
  const { policies, selectPolicy } = isUp ? policy.scaleUp : policy.scaleDown
  if (selectPolicy === 'Disabled') return []
  const changes = allowed === current.spec ? memory.scaleEvents : [...memory.scaleEvents, { at: now, change: allowed - current.spec }]
  const ends = policies.flatMap(({ periodMs }) => changes.filter(({ at }) => now - at < periodMs).map(({ at }) => at + periodMs))
  return ends.length === 0 ? [] : [Math.min(...ends)]
}
