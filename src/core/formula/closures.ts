import { BadArgument } from './functions.js'
import { combine } from './operators.js'
import { typeOf, type Value } from './value.js'

/** What a closure makes of an element; `acc` is what `reduce` has so far. */
export type Each = (item: Value, index: number, acc?: Value) => Value

interface ClosureFunction {
  /** Without a closure it works on the elements themselves. */
  readonly isOptional?: true
  /** Values after the closure. */
  readonly more?: number
  readonly apply: (list: readonly Value[], each: Each, more: readonly Value[], at: number) => Value
}

function isTrue (value: Value): boolean {
  if (typeof value !== 'boolean') throw new BadArgument(value, `needs a closure that says true or false, not ${typeOf(value)}`)
  return value
}
const test = (each: Each) => (item: Value, index: number): boolean => isTrue(each(item, index))

/** Functions whose last argument is worked out for each element of a list: `filter(list, # > 1)`. */
export const closureFunctions: Readonly<Record<string, ClosureFunction>> = {
  all: { apply: (list, each) => list.every(test(each)) },
  any: { apply: (list, each) => list.some(test(each)) },
  none: { apply: (list, each) => !list.some(test(each)) },
  one: { apply: (list, each) => list.filter(test(each)).length === 1 },
  count: { isOptional: true, apply: (list, each) => BigInt(list.filter(test(each)).length) },
  filter: { apply: (list, each) => list.filter(test(each)) },
  find: { apply: (list, each) => list.find(test(each)) ?? null },
  findIndex: { apply: (list, each) => BigInt(list.findIndex(test(each))) },
  findLast: { apply: (list, each) => list.findLast(test(each)) ?? null },
  findLastIndex: { apply: (list, each) => BigInt(list.findLastIndex(test(each))) },
  map: { apply: (list, each) => list.map((item, index) => each(item, index)) },
  sum: { isOptional: true, apply: (list, each, _, at) => list.reduce<Value>((sum, item, index) => combine('+', sum, each(item, index), at), 0n) },
  reduce: { more: 1, apply: reduced },
}

/** Without a value to begin with it begins with the first element. */
function reduced (list: readonly Value[], each: Each, [start]: readonly Value[]): Value {
  const [first, ...others] = list
  if (start !== undefined) return list.reduce((acc, item, index) => each(item, index, acc), start)
  if (first === undefined) throw new BadArgument(list, 'needs an element, or a value to begin with', 'value')
  return others.reduce((acc, item, index) => each(item, index + 1, acc), first)
}

export const takesClosure: ReadonlySet<string> = new Set(Object.keys(closureFunctions))
