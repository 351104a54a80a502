import { expect } from 'vitest'
import { assertNever } from '../../src/core/assert-never.js'
import { fallbackReplicas, isUsable } from '../../src/core/scaling/fallback.js'
import type { FallbackPolicy, ScaleMemory } from '../../src/core/scaling/types.js'
import { answer, decideWith, error, healthOf, metric, type Health, type WrittenFallback } from './fallback-case.js'
import { testVectors } from './support.js'

interface Value {
  readonly kind: 'value'
  readonly behavior: FallbackPolicy['behavior']
  readonly fallbackReplicas: number
  readonly currentReplicas?: number
  readonly target?: { readonly type: 'AverageValue' | 'Value', readonly value: number }
  readonly readyPods?: number
  readonly scalingModifiers?: { readonly target: string, readonly metricType?: string }
}
interface Sequence { readonly kind: 'sequence', readonly failureThreshold: number, readonly startFailures: number | null, readonly results: readonly ('ok' | 'error')[] }
interface Valid { readonly kind: 'valid', readonly fallback: WrittenFallback, readonly scalingModifiersTarget?: string | null }
interface Expected {
  readonly valueMilli?: number
  readonly valid?: boolean
  readonly steps?: readonly (Health & { readonly served: 'value' | 'fallback' | 'error' })[]
}

testVectors<Value | Sequence | Valid, Expected>('derived_fallback', ({ given, expect: expected }) => {
  switch (given.kind) {
    case 'value': return expect(fallbackMilli(given)).toBe(expected.valueMilli)
    case 'sequence': return expect(servedInTurn(given)).toEqual(expected.steps)
    case 'valid': return expect(isUsable(given.fallback, formulaWith(given.scalingModifiersTarget))).toBe(expected.valid)
    default: return assertNever(given)
  }
})

const formulaWith = (target: string | null | undefined): { readonly target: number } | undefined => target === null || target === undefined ? undefined : { target: Number(target) }

/** The metric that KEDA makes of the replicas, so that its HPA arrives at them again. */
function fallbackMilli ({ behavior, fallbackReplicas: replicas, currentReplicas = 0, target, readyPods = 1, scalingModifiers }: Value): number {
  const wanted = fallbackReplicas({ failureThreshold: 3, behavior, replicas }, currentReplicas)
  const per = target?.value ?? Number(scalingModifiers?.target)
  const metricType = target?.type ?? scalingModifiers?.metricType
  return Math.trunc(per * 1000 * (metricType === 'Value' ? wanted / readyPods : wanted))
}

function servedInTurn ({ failureThreshold, startFailures, results }: Sequence): Expected['steps'] {
  let failures: ScaleMemory['failures'] = startFailures === null ? {} : { [metric]: { count: startFailures, lookedAt: 1 } }
  return results.map((result, index) => {
    const at = 10_000_000 + index * 1000
    const decision = decideWith(result === 'ok' ? answer(at, 6) : error(at), { failureThreshold, replicas: 10 }, failures, 1)
    failures = decision.memory.failures
    const served = result === 'ok' ? 'value' : decision.fallingBack.includes(metric) ? 'fallback' : 'error'
    return { served, ...healthOf(decision) }
  })
}
