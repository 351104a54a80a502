import type { EpochMs } from '../core/clock.js'
import { jobsReasons } from '../core/scaling/jobs/reasons.js'
import { reasons } from '../core/scaling/reasons.js'
import type { Measurement, Reading } from '../core/scaling/types.js'
import type { DeliveryStatus, ObjectStatus, JobsStatus, ScalingStatus, WakeSplit } from '../runtime/ports.js'
import { oneLine } from './text.js'
import { count, counted, interval, timeOfDay, took, wait } from './words.js'

/** The cells of an object's row in the table. */
export interface Row { readonly object: string, readonly replicas: string, readonly backlog: string, readonly delivered: string }

/** `ScaledObject thumbnails`; the namespace is said where it is not `default`. */
export function objectName ({ ref }: ObjectStatus): string {
  const namespace = ref.namespace === '' || ref.namespace === 'default' ? '' : `${ref.namespace}/`
  return `${ref.kind} ${namespace}${ref.name}`
}

/** `4` when there are as many as wanted, `4 → 16` on the way, `-` where nothing is scaled. */
export function replicasCell (scaling: ScalingStatus | undefined): string {
  if (scaling === undefined) return '-'
  const { current, decision } = scaling
  return current.status === decision.replicas ? count(current.status) : `${count(current.status)} → ${count(decision.replicas)}`
}

/** `4` jobs that have not finished, `?` where they are not known. */
export const jobsCell = ({ counts }: JobsStatus): string => counts === undefined ? '?' : count(counts.running)

/** Why so many jobs are made, and how many of those that run wait for their start. */
export function jobsFacts ({ counts, decision }: JobsStatus): readonly string[] {
  const because = decision.steps.at(-1)?.because ?? ''
  return [`${decision.reason}: ${oneLine(because === '' ? jobsReasons[decision.reason] : because).replace(/[.]$/, '')}`, ...(counts !== undefined && counts.pending > 0 ? [`${count(counts.pending)} pending`] : [])]
}

/** The measurement that asks for most; `?` where a source could not be read and no other speaks; `-` where there is none. */
export function backlogCell (scaling: Pick<ScalingStatus, 'readings'> | undefined): string {
  const readings = scaling?.readings ?? []
  const wish = (m: Measurement): number => m.value / m.target
  const measurements = readings.flatMap(reading => reading.kind === 'measured' ? reading.measurements : [])
  const [greatest] = [...measurements].sort((a, b) => wish(b) - wish(a))
  if (greatest !== undefined) return count(greatest.value)
  return readings.some(reading => reading.kind === 'failed') ? '?' : '-'
}

/** Why the count is what it is, and when it is looked at again. */
export function scalingFacts (scaling: ScalingStatus, now: EpochMs): readonly string[] {
  const { current, decision } = scaling
  const because = decision.steps.at(-1)?.because ?? ''
  const why = because === '' ? reasons[decision.reason] : because
  const facts = [`${decision.reason}: ${oneLine(why).replace(/[.]$/, '')}`]
  if (scaling.readings.length > 1) facts.push(...scaling.readings.map(readingFact))
  if (current.ready < current.status) facts.push(`${count(current.ready)} of ${counted(current.status, 'replica')} ready`)
  if (current.busy !== undefined && current.busy > 0) facts.push(`${count(current.busy)} busy`)
  facts.push(nextLook(scaling, now))
  return facts
}

function nextLook ({ nextLookAt, pollingIntervalMs }: ScalingStatus, now: EpochMs): string {
  const when = nextLookAt > now ? `in ${wait(nextLookAt - now)}` : 'now'
  return `next look ${when} (pollingInterval ${interval(pollingIntervalMs)})`
}

function readingFact (reading: Reading): string {
  switch (reading.kind) {
    case 'measured': return `${reading.trigger} ${reading.measurements.map(measurementFact).join(', ')}`
    case 'absent': return `${reading.trigger} nothing yet (${oneLine(reading.why)})`
    case 'failed': return `${reading.trigger} could not be read`
  }
}

const measurementFact = ({ value, target, metricType }: Measurement): string =>
  `${count(value)} (${metricType === 'Value' ? 'target' : 'per replica'} ${count(target)})`

/** What is delivered from where, with what guarantee, and how it went. */
export function deliveryFacts (delivery: DeliveryStatus, now: EpochMs): readonly string[] {
  const guarantee = delivery.guarantee === 'at-least-once' ? 'at least once' : 'at most once'
  const facts = [
    `from ${oneLine(delivery.source)}, ${guarantee}`,
    ...(delivery.slots + delivery.inFlight > 0 ? [`${count(delivery.inFlight)} in flight of ${counted(delivery.slots, 'slot')}`] : []),
    `${count(delivery.delivered)} delivered, ${count(delivery.failed)} failed, ${counted(delivery.deadLettered, 'dead letter')}`,
  ]
  if (delivery.nextTickAt !== undefined) facts.push(nextTick(delivery.nextTickAt, now))
  return facts
}

const nextTick = (at: EpochMs, now: EpochMs): string => at > now ? `next tick in ${wait(at - now)}, at ${timeOfDay(at)}` : 'next tick now'

/** `last wake 14:02:07: 131 ms = notice 2 + decide 1 + start 20 + ready 95 + deliver 13`. */
export function wakeFact (wake: WakeSplit): string {
  const parts = ([['notice', wake.noticeMs], ['decide', wake.decideMs], ['start', wake.startMs], ['ready', wake.readyMs], ['deliver', wake.deliverMs]] as const)
    .map(([name, ms]) => `${name} ${count(Math.round(ms))}`)
  return `last wake ${timeOfDay(wake.at)}: ${took(wake.totalMs)} = ${parts.join(' + ')}`
}

export const failureFact = ({ at, because, eventId }: NonNullable<DeliveryStatus['lastFailure']>): string =>
  `last failure ${timeOfDay(at)}: ${oneLine(because)} (event ${oneLine(eventId)})`
