import type { Measurement } from '../core/scaling/types.js'

export type { Measurement }

/** There is nothing there yet: asked and answered, but neither a number nor an error. */
export interface Absent { readonly kind: 'absent', readonly why: string, readonly mayWake?: boolean }

/** What one look gives: one measurement per metric of the trigger, or absent. It throws when it could not look. */
export type Look = readonly Measurement[] | Absent

/** `measure(config)` of a definition: everything about a measurement but its value. */
export type Measure = Pick<Measurement, 'name' | 'target' | 'activation' | 'metricType'>

/** The simple case in one line: `return measured(depth)`. */
export type Measured = (value: number, more?: Partial<Omit<Measurement, keyof Measure | 'value'>>) => readonly Measurement[]

export const measuredAs = (measure: Measure): Measured => (value, more = {}) => [{ ...measure, ...more, value: Math.max(0, value) }]

export const absent = (why: string, options: { mayWake?: boolean } = {}): Absent => ({ kind: 'absent', why, ...options })

/** KEDA's normalisation of metric names: `/ . : % ( )` become `-`. */
export const normalizeMetricName = (name: string): string => name.replace(/[/.:%()]/g, '-')
