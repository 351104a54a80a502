import { replicasText, type Silence, type Stage, type Wish } from './state.js'
import type { FallbackPolicy, FormulaPolicy, Reading, ScaleMemory } from './types.js'

type Failures = ScaleMemory['failures']

/** The count that a declared fallback asks for, beside a formula only where that gives nothing. `current` is what was asked for last. */
export function fallbackReplicas ({ behavior, replicas }: FallbackPolicy, current: number): number {
  switch (behavior) {
    case 'static':
    case 'scalingModifiers': return replicas
    case 'currentReplicas': return current
    case 'currentReplicasIfHigher': return Math.max(current, replicas)
    case 'currentReplicasIfLower': return Math.min(current, replicas)
  }
}

/** A fallback with a negative number was refused when it was declared; should one come here, it never applies. KEDA's never applies beside a formula whose target is no whole number. */
export const isUsable = (policy: Pick<FallbackPolicy, 'failureThreshold' | 'replicas'>, formula?: Pick<FormulaPolicy, 'target'>): boolean =>
  policy.failureThreshold >= 0 && policy.replicas >= 0 && (formula === undefined || (Number.isInteger(formula.target) && formula.target > 0))

/**
 * Failed looks in a row, per trigger. The same look handed in twice is counted once; a look that was answered starts again at none.
 * A trigger that is not read keeps its count; one that is gone loses it.
 */
export function countFailures (before: Failures, readings: ReadonlyMap<string, Reading>, triggers: readonly string[]): Failures {
  return Object.fromEntries(triggers.flatMap(trigger => {
    const reading = readings.get(trigger)
    const known = before[trigger]
    if (reading === undefined) return known === undefined ? [] : [[trigger, known]]
    if (reading.kind !== 'failed') return []
    const isNew = known === undefined || known.lookedAt !== reading.at
    return [[trigger, { count: (known?.count ?? 0) + (isNew ? 1 : 0), lookedAt: reading.at }]]
  }))
}

/** Each failed trigger by itself: past its threshold it asks for the fallback's count, before that it is silent. Without a fallback nothing is counted. */
export const fallback: Stage = {
  name: 'fallback',
  apply: ({ policy, current, readings, memory }) => {
    const declared = policy.fallback !== undefined && isUsable(policy.fallback, policy.formula) ? policy.fallback : undefined
    const failures = declared === undefined ? memory.failures : countFailures(memory.failures, readings, policy.triggers)
    const wishes: Wish[] = []
    const silences: Silence[] = []
    const intoFormula: string[] = []
    for (const reading of readings.values()) {
      if (reading.kind !== 'failed') continue
      const count = failures[reading.trigger]?.count ?? 0
      const isOver = declared !== undefined && count > declared.failureThreshold
      if (isOver && declared.behavior === 'scalingModifiers' && policy.formula?.triggers.includes(reading.trigger) === true) intoFormula.push(reading.trigger)
      else if (isOver) wishes.push(fallbackWish(reading.trigger, count, declared, current.spec))
      else silences.push({ trigger: reading.trigger, kind: 'failed', because: `${reading.trigger} failed: ${reading.message}` })
    }
    const applied = {
      memory: failures === memory.failures ? memory : { ...memory, failures },
      wishes,
      silences,
      fallingBack: [...wishes.map(({ trigger }) => trigger), ...intoFormula],
      activeTriggers: wishes.filter(({ replicas }) => replicas > 0).map(({ trigger }) => trigger),
    }
    return wishes.length === 0 ? applied : { ...applied, because: wishes.map(wish => wish.because).join('; ') }
  },
}

function fallbackWish (trigger: string, count: number, declared: FallbackPolicy, current: number): Wish {
  const replicas = fallbackReplicas(declared, current)
  return { trigger, replicas, isFallback: true, because: `${trigger} failed ${count} times, more than ${declared.failureThreshold}: falls back to ${replicasText(replicas)}` }
}
