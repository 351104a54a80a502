import { FormulaError, formulaValue } from '../formula/index.js'
import { wishOf } from './propose.js'
import { replicasText, type Effect, type ScalingState, type Silence, type Stage } from './state.js'
import type { FormulaPolicy, Measurement, Reading } from './types.js'

/** The name under which the formula's number goes, in wishes and conditions; KEDA's. */
export const compositeName = 'composite-metric'

/**
 * One number made of those of the triggers takes the place of their wishes. It is not worked out while one of them failed or was not looked
 * at, and left out while one falls back to a count of its own. A trigger that has nothing to say is nil in it, and so is one that falls back
 * by the formula itself (`scalingModifiers`).
 */
export const formula: Stage = {
  name: 'formula',
  apply: state => {
    const { policy, fallingBack, wishes, silences } = state
    if (policy.formula === undefined) return undefined
    const covered = policy.formula.triggers
    if (wishes.some(({ trigger }) => covered.includes(trigger))) return { because: `${fallingBack.join(', ')}: the formula is left out` }
    if (silences.some(({ trigger }) => covered.includes(trigger))) return undefined
    const unread = covered.filter(trigger => !isNumberKnown(state.readings.get(trigger)) && !fallingBack.includes(trigger))
    if (unread.length > 0) return { silences: [...silences, ...unread.map(unreadSilence)] }
    return worked(state, policy.formula)
  },
}

const isNumberKnown = (reading: Reading | undefined): boolean =>
  reading?.kind === 'absent' || (reading?.kind === 'measured' && Number.isFinite(reading.measurements.at(-1)?.value))

const unreadSilence = (trigger: string): Silence => ({ trigger, kind: 'unread', because: `${trigger} gave no number yet` })

function worked (state: ScalingState, { expression, triggers }: FormulaPolicy): Effect {
  const values = new Map(triggers.map(trigger => [trigger, numberOf(state.readings.get(trigger))]))
  const absent = triggers.filter(trigger => state.readings.get(trigger)?.kind === 'absent')
  const mayWake = absent.filter(trigger => { const reading = state.readings.get(trigger); return reading?.kind === 'absent' && reading.mayWake === true })
  const woken = { activeTriggers: [...state.activeTriggers, ...mayWake] }
  try {
    const value = formulaValue(expression, values)
    return { ...woken, ...(value === null ? ofNothing(state, absent) : ofNumber(state, value, woken.activeTriggers)) }
  } catch (error) {
    if (!(error instanceof FormulaError)) throw error
    if (error.fault === 'value' && absent.length > 0) return { ...woken, ...silent(state, 'absent', `${absent.join(', ')} has nothing to say, and the formula needs a number`) }
    return { ...silent(state, 'failed', `the formula failed: ${error.message}`), formulaProblem: error.message }
  }
}

/** A trigger with several numbers is known by its last, as in KEDA. */
const numberOf = (reading: Reading | undefined): number | null => reading?.kind === 'measured' ? reading.measurements.at(-1)?.value ?? null : null

const silent = ({ silences }: ScalingState, kind: Silence['kind'], because: string): Pick<Effect, 'silences'> =>
  ({ silences: [...silences, { trigger: compositeName, kind, because }] })

/** The formula came to nil: the count that was declared for this, where one was and a trigger falls back. */
function ofNothing (state: ScalingState, absent: readonly string[]): Effect {
  const { policy, fallingBack, wishes, activeTriggers } = state
  if (policy.formula === undefined || policy.fallback === undefined || fallingBack.length === 0) {
    return silent(state, absent.length > 0 ? 'absent' : 'unread', absent.length > 0 ? `${absent.join(', ')} has nothing to say` : 'the formula gave nil')
  }
  const { replicas } = policy.fallback
  const because = `${fallingBack.join(', ')} failed more than ${policy.fallback.failureThreshold} times and the formula gave nil: falls back to ${replicasText(replicas)}`
  return {
    wishes: [...wishes, { trigger: compositeName, replicas, because, isFallback: true }],
    activeTriggers: replicas * policy.formula.target > policy.formula.activation ? [...activeTriggers, compositeName] : activeTriggers,
  }
}

function ofNumber (state: ScalingState, exact: number, activeTriggers: readonly string[]): Effect {
  const { policy: { formula: declared, scaleDown, scaleUp }, current, wishes } = state
  if (declared === undefined) return {}
  if (!Number.isFinite(exact)) return silent(state, 'unread', `the formula gave ${exact}, which is no number that can be used`)
  const value = Math.abs(exact) < 1e12 ? Math.trunc(exact * 1000) / 1000 : exact // as KEDA hands it over
  const { target, activation, metricType, isReplicas = false } = declared
  const measurement: Measurement = { name: compositeName, value, target, activation, metricType }
  const replicas = wishOf(measurement, current, isReplicas ? exactly : { down: scaleDown.tolerance, up: scaleUp.tolerance })
  const per = isReplicas ? 'as replicas' : metricType === 'AverageValue' ? `at ${target} each` : `at ${target} in all`
  return {
    wishes: [...wishes, { trigger: compositeName, replicas, because: `the formula gives ${value} ${per}` }],
    activeTriggers: value > activation ? [...activeTriggers, compositeName] : activeTriggers,
  }
}

const exactly = { down: 0, up: 0 }
