import { expect } from 'vitest'
import { fallbackReplicas } from '../../src/core/scaling/fallback.js'
import { answer, decideWith, error, healthOf, metric, type Health, type WrittenFallback } from './fallback-case.js'
import { testVectors } from './support.js'

interface Given {
  readonly fallback: WrittenFallback | null
  readonly health: Readonly<Record<string, Health>>
  readonly scalerResult: { readonly value: number } | { readonly error: string }
  readonly target: { readonly type: 'AverageValue' | 'Value', readonly value: number }
  readonly currentReplicas?: number
}
interface Expected {
  readonly ok: boolean
  readonly value?: number
  readonly errorMessage?: string
  readonly health?: Health
  readonly healthUnchanged?: boolean
  readonly fallbackCondition?: string
  readonly fallbackConditionTrue?: boolean
}

testVectors<Given, Expected>('fallback', ({ given, expect: expected }) => {
  const { fallback, scalerResult, target, currentReplicas = 1 } = given
  const at = 10_000_000
  const before = Object.fromEntries(Object.entries(given.health).map(([name, { numberOfFailures: count }]) => [name, { count, lookedAt: 1 }]))
  const reading = 'error' in scalerResult ? error(at) : answer(at, scalerResult.value)
  const decision = decideWith(reading, fallback, before, currentReplicas)
  const fallsBack = decision.fallingBack.includes(metric)
  const isFailing = reading.kind === 'failed' && !fallsBack
  expect(!isFailing).toBe(expected.ok)
  if (expected.errorMessage !== undefined) expect(decision.steps.map(({ because }) => because).join()).toContain(expected.errorMessage)
  if (expected.value !== undefined) {
    const served = fallsBack && fallback !== null ? fallbackReplicas({ behavior: 'static', ...fallback }, currentReplicas) * target.value : 'value' in scalerResult ? scalerResult.value : undefined
    expect(served).toBe(expected.value)
  }
  if (expected.health !== undefined) expect(healthOf(decision)).toEqual(expected.health)
  if (expected.healthUnchanged === true) expect(decision.memory.failures).toEqual(before)
  if (expected.fallbackCondition !== undefined) expect(fallsBack ? 'True' : 'False').toBe(expected.fallbackCondition)
  if (expected.fallbackConditionTrue !== undefined) expect(fallsBack).toBe(expected.fallbackConditionTrue)
})
