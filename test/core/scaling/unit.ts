import { decideReplicas } from '../../../src/core/scaling/decide.js'
import { seedMemory } from '../../../src/core/scaling/memory.js'
import { kedaDefaults } from '../../../src/core/scaling/rules.js'
import type { CurrentReplicas, Decision, Measurement, Reading, ScaleMemory, ScalePolicy } from '../../../src/core/scaling/types.js'

export const policyOf = (more: Partial<ScalePolicy> = {}): ScalePolicy => ({
  minReplicas: 0, maxReplicas: 100, cooldownMs: 300_000, initialCooldownMs: 0, createdAt: 0, ...kedaDefaults,
  pausedScaleIn: false, pausedScaleOut: false, forceActivation: false, triggers: ['queue'], ...more,
})

export const measurementOf = (value: number, more: Partial<Measurement> = {}): Measurement =>
  ({ name: 'depth', value, target: 5, activation: 0, metricType: 'AverageValue', ...more })

/** A look at a queue whose target is 5 a replica. */
export const backlog = (value: number, more: Partial<Measurement> = {}, trigger = 'queue') => (at: number): Reading =>
  ({ kind: 'measured', trigger, at, measurements: [measurementOf(value, more)] })
export const failing = (trigger = 'queue') => (at: number): Reading => ({ kind: 'failed', trigger, at, code: 'TG_SOURCE_UNREACHABLE', message: 'no answer' })
export const nothingYet = (more: { readonly mayWake?: boolean } = {}, trigger = 'queue') => (at: number): Reading =>
  ({ kind: 'absent', trigger, at, why: 'no such consumer', ...more })

export type Look = (at: number) => Reading

export interface UnitOptions {
  readonly policy?: Partial<ScalePolicy>
  readonly replicas?: number
  /** Without it the target was taken over long ago and nothing of it is remembered. */
  readonly memory?: ScaleMemory
}

/** Twelve hours after the beginning of time: every creation and adoption at 0 is long ago. */
export const start = 12 * 3_600_000

/** One target in virtual time, whose count follows each decision at once. */
export class VirtualUnit {
  policy: ScalePolicy
  current: CurrentReplicas
  memory: ScaleMemory
  decision: Decision | undefined

  constructor ({ policy, replicas = 0, memory }: UnitOptions = {}) {
    this.policy = policyOf(policy)
    this.current = { spec: replicas, status: replicas, ready: replicas }
    this.memory = memory ?? { ...seedMemory(0, replicas), recommendations: [] }
  }

  /** Decides at so many seconds after the start, and does it. */
  at (seconds: number, ...looks: readonly Look[]): Decision {
    const now = start + Math.round(seconds * 1000)
    const readings = looks.map(look => look(now))
    this.decision = decideReplicas({ now, policy: this.policy, current: this.current, readings, memory: this.memory })
    const { replicas, memory } = this.decision
    this.memory = memory
    this.current = { spec: replicas, status: replicas, ready: replicas }
    return this.decision
  }

  /** Seconds after the start at which the last decision wants to be made again. */
  get recheck (): number | undefined {
    const at = this.decision?.recheckAt
    return at === undefined ? undefined : (at - start) / 1000
  }
}

/** The parts of a decision that stories are told in. */
export const told = ({ replicas, reason }: Decision): readonly [number, string] => [replicas, reason]
