import { FormulaError } from './error.js'
import { evaluate } from './evaluate.js'
import { BadArgument, toDouble } from './functions.js'
import { parseFormula } from './parse.js'
import { typeOf, type Value } from './value.js'

export { FormulaError } from './error.js'

/**
 * What a formula (expr-lang) makes of the values of triggers; null is nil, in and out. Throws FormulaError. KEDA's rule of the result: nil
 * may come out of a formula with `??` only; any other value is made a number, but for one that begins with `float(` and must be one already.
 */
export function formulaValue (formula: string, values: ReadonlyMap<string, number | null>): number | null {
  return resultOf(formula, evaluate(parseFormula(formula), values))
}

/** What is wrong with a formula over these names, whatever their values; undefined when nothing is. As KEDA does, it is tried with -1 for each. */
export function formulaProblem (formula: string, names: readonly string[]): FormulaError | undefined {
  try {
    resultOf(formula, evaluate(parseFormula(formula), new Map(names.map(name => [name, -1])), true))
    return undefined
  } catch (error) {
    if (error instanceof FormulaError) return error
    throw error
  }
}

function resultOf (formula: string, value: Value): number | null {
  if (formula.includes('??') && value === null) return null
  if (!formula.includes('??') && formula.startsWith('float(') && typeof value !== 'number') throw new FormulaError('type', 0, `the result is ${typeOf(value)} and no float`)
  try {
    return toDouble(value)
  } catch (error) {
    if (error instanceof BadArgument) throw new FormulaError(error.fault, 0, `the result is ${typeOf(value)} and no number`)
    throw error
  }
}
