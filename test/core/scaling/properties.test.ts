import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decideReplicas } from '../../../src/core/scaling/decide.js'
import { hpaDefaults, kedaDefaults } from '../../../src/core/scaling/rules.js'
import type { DecisionInput, Measurement, Reading, ScaleMemory, ScalePolicy } from '../../../src/core/scaling/types.js'
import { policyOf, start } from './unit.js'

const count = fc.nat({ max: 60 })
const moment = fc.integer({ min: start - 700_000, max: start })

const measurement: fc.Arbitrary<Measurement> = fc.record({
  name: fc.constant('depth'), value: fc.double({ min: 0, max: 500, noNaN: true }), target: fc.double({ min: 0.01, max: 50, noNaN: true }), activation: fc.nat({ max: 5 }),
  metricType: fc.constantFrom('AverageValue', 'Value'),
})
const readingOf = (trigger: string): fc.Arbitrary<Reading> => fc.oneof(
  { weight: 4, arbitrary: measurement.map((one): Reading => ({ kind: 'measured', trigger, at: start, measurements: [one] })) },
  fc.boolean().map((mayWake): Reading => ({ kind: 'absent', trigger, at: start, why: 'nothing', mayWake })),
  fc.constant<Reading>({ kind: 'failed', trigger, at: start, code: 'TG_SOURCE_UNREACHABLE', message: 'no answer' }),
)

const policy: fc.Arbitrary<ScalePolicy> = fc.record({
  min: count, more: count, idle: fc.option(fc.nat({ max: 3 })), rules: fc.constantFrom(kedaDefaults, hpaDefaults),
  cooldownMs: fc.constantFrom(0, 60_000, 300_000), forceActivation: fc.boolean(), maxStep: fc.option(fc.integer({ min: 1, max: 9 })),
  expression: fc.option(fc.constantFrom('a + b', 'a ?? b', 'max(a, 1 / b)', 'int(a) % int(b)', 'b > 3 ? a : 0')),
}).map(({ min, more, idle, rules, cooldownMs, forceActivation, maxStep, expression }) => policyOf({
  minReplicas: min, maxReplicas: Math.max(1, min + more), cooldownMs, forceActivation, ...rules, triggers: ['a', 'b'],
  ...(idle === null || idle >= Math.max(min, 1) ? {} : { idleReplicas: idle }), ...(maxStep === null ? {} : { maxStep }),
  ...(expression === null ? {} : { formula: { expression, triggers: ['a', 'b'], target: 2, activation: 1, metricType: 'AverageValue' as const } }),
}))

const memory: fc.Arbitrary<ScaleMemory> = fc.record({
  adoptedAt: moment, adoptedReplicas: count, lastActiveAt: moment,
  recommendations: fc.array(fc.record({ at: moment, replicas: count }), { maxLength: 5 }),
  scaleEvents: fc.array(fc.record({ at: moment, change: fc.integer({ min: -20, max: 20 }) }), { maxLength: 5 }),
}).map(one => ({ version: 1, failures: {}, ...one }))

const input: fc.Arbitrary<DecisionInput> = fc.record({
  now: fc.constant(start), policy, memory,
  current: fc.record({ spec: count, status: count, ready: count, busy: count }),
  readings: fc.tuple(readingOf('a'), readingOf('b')),
})

const check = (property: (given: DecisionInput) => void): void => fc.assert(fc.property(input, property), { numRuns: 2000 })

test('a whole count inside the bounds, but for idle, rest and hold', () => check(given => {
  const { replicas, reason, active } = decideReplicas(given)
  const { minReplicas, maxReplicas } = given.policy
  expect(Number.isInteger(replicas) && replicas >= 0 && replicas <= maxReplicas).toBe(true)
  const isHeld = ['SourceFailed', 'SourceAbsent', 'Adopted', 'Busy', 'Idle'].includes(reason)
  const mayRest = given.policy.idleReplicas !== undefined && !active
  if (!isHeld && !mayRest) expect(replicas).toBeGreaterThanOrEqual(minReplicas)
}))

test('the same input gives the same decision, and nothing handed in is changed', () => check(given => {
  const before = structuredClone(given)
  expect(decideReplicas(given)).toEqual(decideReplicas(structuredClone(given)))
  expect(given).toEqual(before)
}))

test('an error never lowers, but for a maximum that the user wrote', () => check(given => {
  const failed: Reading = { kind: 'failed', trigger: 'b', at: start, code: 'TG_SOURCE_UNREACHABLE', message: 'no answer' }
  const { replicas } = decideReplicas({ ...given, readings: [...given.readings.filter(({ trigger }) => trigger === 'a'), failed] })
  expect(replicas).toBeGreaterThanOrEqual(Math.min(given.current.spec, given.policy.maxReplicas))
}))

test('more backlog never gives fewer replicas, where no formula turns it round', () => {
  fc.assert(fc.property(input, measurement, fc.double({ min: 0, max: 500, noNaN: true }), ({ policy: { formula: _, ...plain }, ...given }, one, more) => {
    const withBacklog = (value: number): number => decideReplicas({
      ...given, policy: plain, readings: [{ kind: 'measured', trigger: 'a', at: start, measurements: [{ ...one, value }] }, ...given.readings.slice(1)],
    }).replicas
    expect(withBacklog(one.value + more)).toBeGreaterThanOrEqual(withBacklog(one.value))
  }), { numRuns: 4000 })
})

test('a busy replica is never stopped, but for a maximum that the user wrote', () => check(given => {
  const { spec, busy = 0 } = given.current
  expect(decideReplicas(given).replicas).toBeGreaterThanOrEqual(Math.min(spec, busy, given.policy.maxReplicas))
}))

test('a first window after a take-over lowers nothing below what was found', () => check(given => {
  const { adoptedReplicas } = given.memory
  const { replicas } = decideReplicas({ ...given, memory: { ...given.memory, adoptedAt: start - 1000 } })
  expect(replicas).toBeGreaterThanOrEqual(Math.min(given.current.spec, adoptedReplicas, given.policy.maxReplicas))
}))

test('before recheckAt the same readings give no other count', () => check(given => {
  const first = decideReplicas(given)
  const settled = first.replicas
  if (first.recheckAt === undefined || first.recheckAt - start < 2) return
  const current = { spec: settled, status: settled, ready: settled }
  const second = decideReplicas({ ...given, current, memory: first.memory })
  const until = second.recheckAt ?? start + 3_600_000
  if (second.replicas !== settled || until - start < 2) return
  const later = decideReplicas({ ...given, now: until - 1, current, memory: first.memory })
  expect(later.replicas).toBe(settled)
}))
