import { averageValueWish, isWithin, valueWish, type Tolerance } from './hpa-wish.js'
import { replicasText, type ScalingState, type Silence, type Stage, type Wish } from './state.js'
import type { CurrentReplicas, Measurement, Reading } from './types.js'

/** A number that no source can mean: it says nothing, and above all not zero. */
const isReadable = ({ value, target }: Measurement): boolean => Number.isFinite(value) && Number.isFinite(target) && target > 0

/** Three decimals, as KEDA hands its numbers to the HPA; what is beyond any backlog stays at that. */
const milli = (value: number): bigint => BigInt(Math.round(Math.min(Math.max(0, value) * 1000, mostMilli)))
const targetMilli = (target: number): bigint => BigInt(Math.min(Math.max(1, Math.round(target * 1000)), mostMilli))
const mostMilli = 2 ** 63

/** Replicas that one measurement asks for; the HPA's arithmetic. */
export function wishOf (measurement: Measurement, current: CurrentReplicas, tolerance: Tolerance): number {
  const wish = measurement.metricType === 'AverageValue'
    ? averageValueWish({ totalMilli: milli(measurement.value), targetMilli: targetMilli(measurement.target), existing: current.status, tolerance })
    : steadyValueWish(measurement, current, tolerance)
  return Math.min(wish, measurement.maxUseful ?? Infinity)
}

/**
 * The HPA multiplies by the ready replicas, so a backlog above target lowers the count of a target that is still starting
 * (3 replicas, 1 ready, ratio 1.95: 2). Here more than the target never lowers, and less never raises; with none ready the count is kept.
 */
function steadyValueWish ({ value, target }: Measurement, { spec, ready }: CurrentReplicas, tolerance: Tolerance): number {
  const wish = valueWish({ totalMilli: milli(value), targetMilli: targetMilli(target), spec, ready, tolerance })
  if (spec === 0) return wish
  if (ready === 0) return spec
  return value > target ? Math.max(spec, wish) : Math.min(spec, wish)
}

const isActive = ({ active, value, activation }: Measurement): boolean => active ?? value > activation

/** Every trigger that was measured and is not part of a formula asks for replicas; the highest wish wins. A trigger that was not read, or said nothing, is silent. */
export const propose: Stage = {
  name: 'propose',
  apply: state => {
    const wishes: Wish[] = [...state.wishes]
    const silences: Silence[] = [...state.silences]
    const activeTriggers: string[] = [...state.activeTriggers]
    const spokenFor = state.policy.formula?.triggers ?? []
    for (const trigger of state.policy.triggers.filter(one => !spokenFor.includes(one))) {
      const reading = state.readings.get(trigger)
      if (reading?.kind === 'failed') continue
      const silence = silenceOf(trigger, reading)
      if (silence !== undefined) silences.push(silence)
      if (reading?.kind === 'measured') wishes.push(...reading.measurements.filter(isReadable).map(one => wishFor(trigger, one, state)))
      if (saysActive(reading)) activeTriggers.push(trigger)
    }
    const heard = { wishes, silences, activeTriggers }
    const highest = wishes.toSorted((a, b) => b.replicas - a.replicas)[0]
    return highest === undefined ? heard : { ...heard, ...chosen(highest, state) }
  },
}

function saysActive (reading: Reading | undefined): boolean {
  if (reading?.kind === 'absent') return reading.mayWake === true
  return reading?.kind === 'measured' && reading.measurements.some(one => isReadable(one) && isActive(one))
}

function silenceOf (trigger: string, reading: Reading | undefined): Silence | undefined {
  if (reading === undefined) return { trigger, kind: 'unread', because: `${trigger} was not looked at yet` }
  if (reading.kind === 'absent') return { trigger, kind: 'absent', because: `${trigger}: ${reading.why}` }
  if (reading.kind === 'measured' && (reading.measurements.length === 0 || !reading.measurements.every(isReadable))) {
    return { trigger, kind: 'unread', because: `${trigger} gave no number that can be used` }
  }
  return undefined
}

function wishFor (trigger: string, measurement: Measurement, { policy, current }: ScalingState): Wish {
  const tolerance = { down: policy.scaleDown.tolerance, up: policy.scaleUp.tolerance }
  const replicas = wishOf(measurement, current, tolerance)
  const { value, target, metricType, maxUseful } = measurement
  const per = metricType === 'AverageValue' ? `${target} each` : `${target} in all`
  const capped = replicas === maxUseful ? `, which can feed at most ${maxUseful}` : ''
  const exact = metricType === 'AverageValue' ? target * current.status : target
  const isKept = replicas > 0 && value !== exact && isWithin(value / exact, tolerance)
  return { trigger, replicas, isKept, because: `${trigger} has ${value} at ${per}${capped}${isKept ? ', within tolerance' : ''}` }
}

function chosen ({ replicas, because, isKept, isFallback }: Wish, { current }: ScalingState): Pick<ScalingState, 'replicas' | 'reason'> & { because: string } {
  const isSame = replicas === current.spec
  const reason = isFallback === true ? 'Fallback' : !isSame ? 'Backlog' : isKept === true ? 'WithinTolerance' : 'SteadyState'
  return { replicas, reason, because: `${because}: ${replicasText(replicas)}${isSame ? ` ${replicas === 1 ? 'stays' : 'stay'}` : ''}` }
}
