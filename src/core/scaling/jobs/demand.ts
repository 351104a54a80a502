import type { Measurement, Reading } from '../types.js'
import type { Combination } from './types.js'

/** What one metric of a trigger asks for. */
export interface JobsWish {
  /** Entries that wait. */
  readonly backlog: number
  /** Jobs for them, not above the room; not rounded yet. */
  readonly jobs: number
  readonly active: boolean
}

/** What the triggers together ask for, rounded up. */
export interface JobsDemand { readonly backlog: number, readonly jobs: number, readonly active: boolean }

/** The mean of a trigger's target values; 0 of none. */
export const meanTarget = (targets: readonly number[]): number =>
  targets.length === 0 ? 0 : targets.reduce((sum, target) => sum + target, 0) / targets.length

/** Jobs for a backlog of which each is meant to take `target`; a target of 0 asks for none. */
export const jobsFor = (backlog: number, target: number, room: number): number => target === 0 ? 0 : Math.min(backlog / target, room)

/** What the measured triggers ask for. One that is absent and may wake asks for a single first job; one that failed for nothing. */
export function wishesOf (readings: readonly Reading[], running: number, room: number): readonly JobsWish[] {
  return readings.flatMap(reading => {
    switch (reading.kind) {
      case 'measured': return wishesOfTrigger(reading.measurements, room)
      case 'absent': return reading.mayWake === true && running === 0 ? [{ backlog: 1, jobs: Math.min(1, room), active: true }] : []
      case 'failed': return []
    }
  })
}

function wishesOfTrigger (measurements: readonly Measurement[], room: number): readonly JobsWish[] {
  const target = meanTarget(measurements.map(m => m.target))
  return measurements.map(({ value, activation, active = value > activation }) => ({ backlog: value, jobs: jobsFor(value, target, room), active }))
}

/**
 * One demand of several wishes; only active ones count (KEDA's IsScaledJobActive). With `max` and `min` a backlog of 0 counts as nothing
 * yet, so that an active trigger without backlog leaves `max` inactive. A minimum makes the whole active.
 */
export function demandOf (wishes: readonly JobsWish[], combine: Combination, { min, room }: { readonly min: number, readonly room: number }): JobsDemand {
  const combined = combinations[combine](wishes.filter(wish => wish.active))
  return { backlog: Math.ceil(combined.backlog), jobs: Math.ceil(Math.min(combined.jobs, room)), active: combined.active || min > 0 }
}

const nothing: JobsWish = { backlog: 0, jobs: 0, active: false }
const add = (a: JobsWish, b: JobsWish): JobsWish => ({ backlog: a.backlog + b.backlog, jobs: a.jobs + b.jobs, active: true })

const combinations: Readonly<Record<Combination, (active: readonly JobsWish[]) => JobsWish>> = {
  max: active => active.reduce((most, wish) => wish.backlog > most.backlog ? wish : most, nothing),
  min: active => active.reduce((least, wish) => least.backlog === 0 || wish.backlog < least.backlog ? wish : least, nothing),
  sum: active => active.reduce(add, nothing),
  avg: active => {
    const { backlog, jobs } = active.reduce(add, nothing)
    const count = Math.max(1, active.length)
    return { backlog: backlog / count, jobs: jobs / count, active: active.length > 0 }
  },
}
