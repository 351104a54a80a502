/** Conditions of a ScaledObject or ScaledJob, as KEDA names them (keda.md a.5). */
export const conditionTypes = ['Ready', 'Active', 'Fallback', 'Paused'] as const
export type ConditionType = typeof conditionTypes[number]
export type ConditionStatus = 'True' | 'False' | 'Unknown'

/** Before the first look nothing is known but that nobody paused it. */
export const initialConditions: Readonly<Record<ConditionType, ConditionStatus>> = { Ready: 'Unknown', Active: 'Unknown', Fallback: 'Unknown', Paused: 'False' }

/** Whether a status has every condition, and so was written by a controller before. */
export const areInitialized = (types: readonly string[]): boolean => conditionTypes.every(type => types.includes(type))
