import type { FormulaFault } from './error.js'
import { isEqual, isList, isNumeric, typeOf, type Numeric, type Value } from './value.js'

/** What a function refuses; the evaluator adds the place. nil, and a value out of range, are a matter of what came about. */
export class BadArgument extends Error {
  override readonly name = 'BadArgument'
  constructor (argument: Value, what = `cannot be applied to ${typeOf(argument)}`, readonly fault: FormulaFault = argument === null ? 'value' : 'type') { super(what) }
}

interface PlainFunction { readonly least: number, readonly most: number, readonly apply: (...args: Value[]) => Value }

const one = (apply: (argument: Value) => Value): PlainFunction => ({ least: 1, most: 1, apply: argument => apply(argument ?? null) })
const any = (apply: (args: readonly Value[]) => Value): PlainFunction => ({ least: 1, most: Infinity, apply: (...args) => apply(args) })

export function listOf (value: Value): readonly Value[] {
  if (!isList(value)) throw new BadArgument(value)
  return value
}
function numberOf (value: Value): Numeric {
  if (!isNumeric(value)) throw new BadArgument(value)
  return value
}

/** Numbers among the arguments, those of lists included. */
const numbers = (args: readonly Value[]): readonly Numeric[] => args.flatMap(arg => isList(arg) ? numbers(arg) : [numberOf(arg)])

/** Of a single argument that is no number expr-lang makes that argument; of no number at all, nil. */
const extreme = (isBetter: (a: Numeric, b: Numeric) => boolean) => any(args => {
  if (args.length === 1 && args[0] !== undefined && !isList(args[0]) && !isNumeric(args[0])) return args[0]
  return numbers(args).reduce<Value>((best, number) => best === null || isBetter(number, best as Numeric) ? number : best, null)
})

const mean = any(args => {
  const all = numbers(args).map(Number)
  return all.length === 0 ? 0 : all.reduce((sum, number) => sum + number, 0) / all.length
})

const median = any(args => {
  const all = numbers(args).map(Number).sort((a, b) => a - b)
  const middle = Math.floor(all.length / 2)
  const upper = all[middle] ?? 0
  return all.length % 2 === 1 ? upper : ((all[middle - 1] ?? 0) + upper) / 2
})

/** Half is rounded away from zero, as Go does it. */
const roundHalfAway = (number: number): number => Math.sign(number) * Math.round(Math.abs(number))

function toWhole (value: Value): bigint {
  if (typeof value === 'bigint') return value
  if (typeof value === 'number' && Number.isFinite(value)) return BigInt.asIntN(64, BigInt(Math.trunc(value)))
  if (typeof value === 'string' && /^[+-]?\d{1,18}$/.test(value)) return BigInt(value)
  if (typeof value === 'number' || typeof value === 'string') throw new BadArgument(value, `cannot make a whole number of ${value}`, 'value')
  throw new BadArgument(value)
}

/** expr-lang's float(). */
export function toDouble (value: Value): number {
  if (isNumeric(value)) return Number(value)
  if (typeof value === 'string' && value.trim() !== '' && !Number.isNaN(Number(value))) return Number(value)
  throw new BadArgument(value)
}

const lengthOf = (value: Value): bigint => BigInt(typeof value === 'string' ? value.length : listOf(value).length)

function sorted (value: Value, order: Value = 'asc'): readonly Value[] {
  if (order !== 'asc' && order !== 'desc') throw new BadArgument(order, 'takes the order "asc" or "desc"')
  const all = listOf(value).map(numberOf).sort((a, b) => Number(a) - Number(b))
  return order === 'asc' ? all : all.reverse()
}

const flat = (value: Value): readonly Value[] => listOf(value).flatMap(item => isList(item) ? flat(item) : [item])

/** Functions whose arguments are values; those with a closure are in closures.ts. */
export const functions: Readonly<Record<string, PlainFunction>> = {
  abs: one(value => { const number = numberOf(value); return number < 0 ? -number : number }),
  avg: mean,
  ceil: one(value => Math.ceil(Number(numberOf(value)))),
  concat: any(args => args.flatMap(listOf)),
  first: one(value => listOf(value)[0] ?? null),
  flatten: one(flat),
  float: one(toDouble),
  floor: one(value => Math.floor(Number(numberOf(value)))),
  int: one(toWhole),
  last: one(value => listOf(value).at(-1) ?? null),
  len: one(lengthOf),
  max: extreme((a, b) => a > b),
  mean,
  median,
  min: extreme((a, b) => a < b),
  reverse: one(value => [...listOf(value)].reverse()),
  round: one(value => roundHalfAway(Number(numberOf(value)))),
  sort: { least: 1, most: 2, apply: (value, order) => sorted(value ?? null, order) },
  take: { least: 2, most: 2, apply: (value, count) => listOf(value ?? null).slice(0, Math.max(0, Number(toWhole(count ?? null)))) },
  type: one(typeOf),
  uniq: one(value => listOf(value).filter((item, i, all) => all.findIndex(other => isEqual(other, item)) === i)),
}
