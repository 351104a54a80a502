import type { ScalingRules } from './types.js'

export interface DirectionRules { readonly scaleUp: ScalingRules, readonly scaleDown: ScalingRules }

const tolerance = 0.1
const downWindowMs = 300_000

/** What binds when no `behavior` is written: straight up to what is asked for, down after five minutes. Never mutated. */
export const kedaDefaults: DirectionRules = {
  scaleUp: { stabilizationWindowMs: 0, selectPolicy: 'Max', policies: [], tolerance },
  scaleDown: { stabilizationWindowMs: downWindowMs, selectPolicy: 'Max', policies: [], tolerance },
}

/** What autoscaling/v2 fills in, field by field, once `behavior` is present. Also asked for by `tidegate.dev/behavior: hpa-defaults`. */
export const hpaDefaults: DirectionRules = {
  scaleUp: {
    stabilizationWindowMs: 0,
    selectPolicy: 'Max',
    policies: [{ type: 'Pods', value: 4, periodMs: 15_000 }, { type: 'Percent', value: 100, periodMs: 15_000 }],
    tolerance,
  },
  scaleDown: {
    stabilizationWindowMs: downWindowMs,
    selectPolicy: 'Max',
    policies: [{ type: 'Percent', value: 100, periodMs: 15_000 }],
    tolerance,
  },
}

/** The rules of one direction from what the user wrote. What is left open stays as `otherwise` has it; a written list of policies replaces the whole list. */
export const rulesFrom = (written: Partial<ScalingRules>, otherwise: ScalingRules): ScalingRules => ({ ...otherwise, ...written })
