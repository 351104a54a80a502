import { formulaProblem } from '../core/formula/index.js'
import type { FormulaPolicy } from '../core/scaling/types.js'
import { annotation } from '../core/names.js'
import { object, oneOf, string, type Problem, type ValueOf, type Violation } from '../spec/index.js'
import { isMapping } from '../spec/read.js'
import { triggerKey, type ScaleTrigger } from './scale-trigger.js'

/** `advanced.scalingModifiers` (keda.md d.7). */
export const scalingModifiersField = object({
  formula: string({ summary: 'Expression (expr-lang) over the names of triggers, for example `max(orders, mails) / 2`.', optional: true }),
  target: string({ summary: 'Target value of the formula, a number as text.', optional: true }),
  activationTarget: string({ summary: 'The formula is active above this, a number as text.', optional: true }),
  metricType: oneOf(['AverageValue', 'Value'], { summary: 'How the formula is set against its target.', default: 'AverageValue' }),
}, { summary: 'One number made of several triggers.', optional: true })

type ScalingModifiers = ValueOf<typeof scalingModifiersField>

/** These are resources of the target itself: they vote beside a formula, and it cannot name them. */
const besideFormula: ReadonlySet<string> = new Set(['cpu', 'memory'])

const isFormulaOfReplicas = (annotations: Readonly<Record<string, string>>): boolean => annotations[annotation('unit')] === 'replicas'

/** What the loops are told of a formula; undefined where there is none. */
export function formulaPolicyOf (modifiers: ScalingModifiers, triggers: readonly ScaleTrigger[], annotations: Readonly<Record<string, string>>): FormulaPolicy | undefined {
  const { formula = '', target, activationTarget, metricType = 'AverageValue' } = modifiers ?? {}
  if (formula === '') return undefined
  const covered = triggers.flatMap((trigger, i) => besideFormula.has(trigger.type) ? [] : [triggerKey(trigger, i)])
  const activation = Number(activationTarget ?? 0)
  return isFormulaOfReplicas(annotations)
    ? { expression: formula, triggers: covered, target: 1, activation, metricType: 'AverageValue', isReplicas: true }
    : { expression: formula, triggers: covered, target: Number(target), activation, metricType }
}

const isNumber = (text: string): boolean => text.trim() !== '' && Number.isFinite(Number(text))

/** KEDA's rules. What the formula says is tried with -1 for every name, as KEDA does. */
export function modifierRules ({ advanced, triggers }: { readonly advanced: { readonly scalingModifiers: ScalingModifiers } | undefined, readonly triggers: readonly ScaleTrigger[] }): Violation[] {
  const { formula = '', target = '', activationTarget = '' } = advanced?.scalingModifiers ?? {}
  const at = (key: string, message: string, hint?: string): Violation => ({ field: 'advanced', below: ['scalingModifiers', key], message, ...(hint === undefined ? {} : { hint }) })
  const numbers = [
    ...(target === '' || (isNumber(target) && Number(target) > 0) ? [] : [at('target', 'must be a number greater than 0, as text')]),
    ...(activationTarget === '' || isNumber(activationTarget) ? [] : [at('activationTarget', 'must be a number, as text')]),
  ]
  if (formula === '') return [...numbers, ...(target + activationTarget === '' ? [] : [at('formula', 'is needed beside target and activationTarget')])]
  const names = triggers.flatMap(({ name = '', type }) => name === '' || besideFormula.has(type) ? [] : [name])
  const wrong = formulaProblem(formula, names)
  return [...numbers, ...(wrong === undefined ? [] : [at('formula', wrong.message, names.length === 0 ? 'give the triggers names: the formula works on them' : `the triggers are named ${names.join(', ')}`)])]
}

/** What needs the annotations too, or is no more than a warning. */
export function modifierWarnings (raw: unknown, annotations: Readonly<Record<string, string>>): Problem[] {
  const spec = mapping(mapping(raw)['spec'])
  const modifiers = mapping(mapping(spec['advanced'])['scalingModifiers'])
  const path = ['spec', 'advanced', 'scalingModifiers', 'target']
  if (typeof modifiers['formula'] !== 'string' || modifiers['formula'] === '') return []
  const target = modifiers['target'] ?? ''
  if (target === '') {
    return isFormulaOfReplicas(annotations) ? []
      : [{ code: 'TG_CONFIG_MISSING', severity: 'error', path, message: 'is needed beside formula', hint: `or write ${annotation('unit')}: replicas where the formula gives a number of replicas` }]
  }
  if (spec['fallback'] === undefined || Number.isInteger(Number(target))) return []
  return [{ code: 'TG_CONFIG_CONFLICT', severity: 'warning', path, message: 'is no whole number: as in KEDA, the fallback does not apply beside such a target', hint: 'multiply the formula and the target by ten, say' }]
}

const mapping = (value: unknown): Readonly<Record<string, unknown>> => isMapping(value) ? value : {}
