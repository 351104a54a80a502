import { expect } from 'vitest'
import { decideReplicas } from '../../src/core/scaling/decide.js'
import { kedaDefaults } from '../../src/core/scaling/rules.js'
import type { Decision, FallbackPolicy, Reading, ScaleMemory, ScalePolicy } from '../../src/core/scaling/types.js'
import { scalingConditions } from '../../src/runtime/scaling/unit-status.js'

/** Every case is decided at this instant. */
const now = Date.UTC(2026, 7, 20)
const longAgo = 0

export interface RequestScale {
  readonly spec: {
    readonly minReplicaCount?: number
    readonly maxReplicaCount?: number
    readonly idleReplicaCount?: number
    readonly cooldownPeriod?: number
    readonly initialCooldownPeriod?: number
    readonly fallback?: Omit<FallbackPolicy, 'behavior'>
  }
  readonly annotations: Readonly<Record<string, string>>
  readonly currentReplicas: number
  readonly isActive: boolean
  readonly isError: boolean
  readonly activeTriggers?: readonly string[]
  readonly lastActiveTime?: 'none' | 'recent' | 'expired'
  readonly created?: 'old' | 'new'
}

export interface Requested {
  readonly scaleTo: number | null
  readonly active?: string
  readonly activeReason?: string
  readonly activeMessage?: string
  readonly lastActiveTimeSet?: boolean
  readonly paused?: string
  readonly ready?: string
  readonly readyReason?: string
}

/** Go's ParseBool as KEDA uses it on annotations: what is neither true nor false is true. */
const isOn = (value: string | undefined): boolean => value !== undefined && !['0', 'f', 'F', 'false', 'False', 'FALSE'].includes(value)

export function executorPolicy ({ spec, annotations, created }: Pick<RequestScale, 'spec' | 'annotations' | 'created'>, triggers: readonly string[]): ScalePolicy {
  const keda = (name: string): string | undefined => annotations[`autoscaling.keda.sh/${name}`]
  const pausedReplicas = keda('paused-replicas')
  return {
    minReplicas: spec.minReplicaCount ?? 0,
    maxReplicas: spec.maxReplicaCount ?? 100,
    ...(spec.idleReplicaCount === undefined ? {} : { idleReplicas: spec.idleReplicaCount }),
    cooldownMs: (spec.cooldownPeriod ?? 300) * 1000,
    initialCooldownMs: (spec.initialCooldownPeriod ?? (created === undefined ? 0 : 300)) * 1000,
    createdAt: created === 'new' ? now - 1000 : longAgo,
    ...(spec.fallback === undefined ? {} : { fallback: { behavior: 'static' as const, ...spec.fallback } }),
    ...kedaDefaults,
    ...(pausedReplicas !== undefined ? { paused: { kind: 'at' as const, replicas: Number(pausedReplicas) } } : isOn(keda('paused')) ? { paused: { kind: 'hold' as const } } : {}),
    pausedScaleIn: isOn(keda('paused-scale-in')),
    pausedScaleOut: isOn(keda('paused-scale-out')),
    forceActivation: isOn(keda('force-activation')),
    triggers,
  }
}

/** A unit that has led its target for long; the HPA's window is full of the present count, so that only 0 ↔ 1 is seen. */
export function executorMemory (currentReplicas: number, lastActiveTime: RequestScale['lastActiveTime']): ScaleMemory {
  const lastActiveAt = lastActiveTime === 'recent' ? now - 1000 : lastActiveTime === 'expired' ? now - 3_600_000 : undefined
  return {
    version: 1,
    adoptedAt: longAgo,
    adoptedReplicas: 0,
    ...(lastActiveAt === undefined ? {} : { lastActiveAt }),
    recommendations: [{ at: now - 1000, replicas: currentReplicas }],
    scaleEvents: [],
    failures: {},
  }
}

export const measured = (trigger: string, value: number): Reading =>
  ({ kind: 'measured', trigger, at: now, measurements: [{ name: trigger, value, target: 1, activation: 0, metricType: 'AverageValue' }] })

export const failed = (trigger: string): Reading => ({ kind: 'failed', trigger, at: now, code: 'TG_SOURCE_UNREACHABLE', message: 'some error' })

/** One decision on what the trigger checks gave. An active trigger has as much to do as there are replicas: the arithmetic keeps the count. */
export function requestScale (given: RequestScale): { readonly decision: Decision, readonly conditions: ReturnType<typeof scalingConditions> } {
  const names = given.activeTriggers ?? ['checked']
  const readings = [
    ...names.map(name => measured(name, given.isActive ? Math.max(given.currentReplicas, 1) : 0)),
    ...(given.isError ? [failed('broken')] : []),
  ]
  const policy = executorPolicy(given, readings.map(({ trigger }) => trigger))
  const current = { spec: given.currentReplicas, status: given.currentReplicas, ready: given.currentReplicas }
  const memory = executorMemory(given.currentReplicas, given.lastActiveTime)
  const decision = decideReplicas({ now, policy, current, readings, memory })
  return { decision, conditions: scalingConditions(decision, policy, readings, now) }
}

/**
 * `scaleTo: null`: KEDA's loop leaves the target alone. What its HPA does then is ours as well: 0 < count < min is raised to min; and the
 * count of `paused-replicas`, which KEDA's controller sets before.
 */
export function checkRequest (given: RequestScale, expected: Requested): void {
  const { decision, conditions } = requestScale(given)
  const { currentReplicas, annotations, spec } = given
  const pausedAt = annotations['autoscaling.keda.sh/paused-replicas']
  if (expected.scaleTo !== null) expect(decision.replicas).toBe(expected.scaleTo)
  else if (pausedAt !== undefined) expect(decision.replicas).toBe(Number(pausedAt))
  else if (currentReplicas > 0 && spec.idleReplicaCount === undefined) expect(decision.replicas).toBe(Math.max(currentReplicas, spec.minReplicaCount ?? 0))
  else expect(decision.replicas).toBe(currentReplicas)
  const condition = (type: string) => conditions.find(one => one.type === type)
  if (expected.active !== undefined) expect(decision.active ? 'True' : 'False').toBe(expected.active)
  if (expected.activeReason !== undefined) expect(condition('Active')?.reason).toBe(expected.activeReason)
  if (expected.activeMessage !== undefined) expect(condition('Active')?.message).toBe(expected.activeMessage)
  if (expected.paused !== undefined) expect(condition('Paused')?.status).toBe(expected.paused)
  if (expected.ready !== undefined) expect(condition('Ready')?.status).toBe(expected.ready)
  if (expected.readyReason !== undefined) expect(condition('Ready')?.reason).toBe(expected.readyReason)
  if (expected.lastActiveTimeSet !== undefined) expect(decision.memory.lastActiveAt === now).toBe(expected.lastActiveTimeSet)
}
