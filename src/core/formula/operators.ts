import { FormulaError } from './error.js'
import { isEqual, isList, isNumeric, typeOf, type Numeric, type Value } from './value.js'

/** Longest list that a range makes; a formula that needs more has lost its way. */
const longestRange = 10_000n

/** What an operator makes of its two sides. Throws FormulaError where it cannot combine them. `and`, `or` and `??` are not here: they look at one side only. */
export function combine (operator: string, left: Value, right: Value, at: number): Value {
  switch (operator) {
    case '==': return isSame(left, right, at)
    case '!=': return !isSame(left, right, at)
    case 'in': return isIn(left, right, at)
    case '+': if (typeof left === 'string' && typeof right === 'string') return left + right
  }
  if (typeof left === 'string' && typeof right === 'string') return ofTexts(operator, left, right, at)
  if (isNumeric(left) && isNumeric(right)) return ofNumbers(operator, left, right, at)
  throw mismatch(operator, left, right, at)
}

export function negate (operator: string, operand: Value, at: number): Value {
  if (operator === '!' || operator === 'not') {
    if (typeof operand === 'boolean') return !operand
  } else if (isNumeric(operand)) {
    return operator === '-' ? -operand : operand
  }
  throw new FormulaError(operand === null ? 'value' : 'type', at, `${operator} cannot be applied to ${typeOf(operand)}`)
}

/** nil is a matter of what came about; any other type is what the formula says. */
const mismatch = (operator: string, left: Value, right: Value, at: number): FormulaError =>
  new FormulaError(left === null || right === null ? 'value' : 'type', at, `${operator} cannot combine ${typeOf(left)} and ${typeOf(right)}`)

function isSame (left: Value, right: Value, at: number): boolean {
  if (left !== null && right !== null && typeOf(left) !== typeOf(right) && !(isNumeric(left) && isNumeric(right))) throw mismatch('==', left, right, at)
  return isEqual(left, right)
}

function isIn (needle: Value, among: Value, at: number): boolean {
  if (among === null) return false
  if (isList(among)) return among.some(one => isEqual(one, needle))
  if (among instanceof Map && typeof needle === 'string') return among.has(needle)
  throw mismatch('in', needle, among, at)
}

function ofTexts (operator: string, left: string, right: string, at: number): Value {
  switch (operator) {
    case '<': return left < right
    case '>': return left > right
    case '<=': return left <= right
    case '>=': return left >= right
    case 'contains': return left.includes(right)
    case 'startsWith': return left.startsWith(right)
    case 'endsWith': return left.endsWith(right)
    default: throw mismatch(operator, left, right, at)
  }
}

function ofNumbers (operator: string, left: Numeric, right: Numeric, at: number): Value {
  switch (operator) {
    case '<': return left < right
    case '>': return left > right
    case '<=': return left <= right
    case '>=': return left >= right
    case '/': return Number(left) / Number(right)
    case '**':
    case '^': return Number(left) ** Number(right)
    case '+':
    case '-':
    case '*': return typeof left === 'bigint' && typeof right === 'bigint' ? ofWholes(operator, left, right) : ofDoubles(operator, Number(left), Number(right))
  }
  if (typeof left !== 'bigint' || typeof right !== 'bigint') throw new FormulaError('type', at, `${operator} takes whole numbers, not ${typeOf(left)} and ${typeOf(right)}; int() makes one`)
  return operator === '%' ? remainder(left, right, at) : rangeOf(left, right, at)
}

/** 64 bits, as expr-lang's: what is more begins again at the other end. */
const ofWholes = (operator: '+' | '-' | '*', left: bigint, right: bigint): bigint =>
  BigInt.asIntN(64, operator === '+' ? left + right : operator === '-' ? left - right : left * right)

const ofDoubles = (operator: '+' | '-' | '*', left: number, right: number): number =>
  operator === '+' ? left + right : operator === '-' ? left - right : left * right

function remainder (left: bigint, right: bigint, at: number): bigint {
  if (right === 0n) throw new FormulaError('value', at, '% by zero')
  return left % right
}

function rangeOf (from: bigint, to: bigint, at: number): readonly Value[] {
  const length = to < from ? 0n : to - from + 1n
  if (length > longestRange) throw new FormulaError('steps', at, `a range of ${length} is too long`)
  return Array.from({ length: Number(length) }, (_, i) => from + BigInt(i))
}
