import { jobsReasons } from '../../core/scaling/jobs/reasons.js'
import type { JobsDecision } from '../../core/scaling/jobs/types.js'
import type { Reading } from '../../core/scaling/types.js'
import type { Condition } from '../ports.js'

/** The conditions of a ScaledJob after a decision, with KEDA's types, reasons and messages (reference: keda.md b.3). */
export function jobConditions (decision: JobsDecision, readings: readonly Reading[]): readonly Condition[] {
  return [ready(decision, readings), active(decision), paused(decision.reason === 'Paused')]
}

function ready ({ reason, active }: JobsDecision, readings: readonly Reading[]): Condition {
  if (reason === 'Paused') return { type: 'Ready', status: 'True', reason: 'ScaledJobReady', message: 'ScaledJob is paused, skipping reconcile loop' }
  if (reason === 'JobsUnknown') return { type: 'Ready', status: 'False', reason: 'ScaledJobCheckFailed', message: `Cannot get list of Jobs owned by this scaledJob (${jobsReasons.JobsUnknown})` }
  const failed = readings.flatMap(r => r.kind === 'failed' ? [`${r.trigger}: ${r.code} ${r.message}`] : [])
  if (failed.length === 0) return { type: 'Ready', status: 'True', reason: 'ScaledJobReady', message: 'ScaledJob is defined correctly and is ready for scaling' }
  return active
    ? { type: 'Ready', status: 'Unknown', reason: 'PartialTriggerError', message: `Some triggers defined in ScaledJob are not working correctly (${failed.join('; ')})` }
    : { type: 'Ready', status: 'False', reason: 'TriggerError', message: `Triggers defined in ScaledJob are not working correctly (${failed.join('; ')})` }
}

function active ({ active, reason }: JobsDecision): Condition {
  if (reason === 'Paused') return { type: 'Active', status: 'False', reason: 'ScaledJobPaused', message: 'Scaling is not performed because ScaledJob is paused' }
  return active
    ? { type: 'Active', status: 'True', reason: 'ScalerActive', message: 'Scaling is performed because triggers are active' }
    : { type: 'Active', status: 'False', reason: 'ScalerNotActive', message: `Scaling is not performed because triggers are not active (${jobsReasons[reason]})` }
}

const paused = (isPaused: boolean): Condition => isPaused
  ? { type: 'Paused', status: 'True', reason: 'ScaledJobPaused', message: 'ScaledJob is paused' }
  : { type: 'Paused', status: 'False', reason: 'ScaledJobUnpaused', message: 'ScaledJob is not paused' }

export interface JobEvent { readonly type: 'Normal', readonly reason: string, readonly note: string }

/** What turned since the last conditions, as KEDA tells it (reference: keda.md a.6). Of the first ones only those of an object that is new are news. */
export function jobTurns (before: readonly Condition[] | undefined, now: readonly Condition[], isNew: boolean): readonly JobEvent[] {
  const turnedTo = (type: string, status: Condition['status']): boolean => {
    const was = before?.find(c => c.type === type)?.status
    return now.find(c => c.type === type)?.status === status && (before === undefined ? isNew : was !== status)
  }
  const words = (type: string): string => now.find(c => c.type === type)?.message ?? ''
  const normal = (reason: string, note: string): JobEvent => ({ type: 'Normal', reason, note })
  const isPaused = now.some(c => c.type === 'Paused' && c.status === 'True')
  return [
    ...(turnedTo('Ready', 'True') && !isPaused ? [normal('ScaledJobReady', 'ScaledJob is ready for scaling')] : []),
    ...(turnedTo('Paused', 'True') ? [normal('ScaledJobPaused', 'ScaledJob is paused')] : []),
    ...(before !== undefined && turnedTo('Paused', 'False') ? [normal('ScaledJobUnpaused', 'ScaledJob is unpaused')] : []),
    ...(turnedTo('Active', 'True') ? [normal('ScaledJobActive', words('Active'))] : []),
    ...(before !== undefined && turnedTo('Active', 'False') ? [normal('ScaledJobInactive', words('Active'))] : []),
  ]
}
