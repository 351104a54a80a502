/**
 * What a formula works on. expr-lang tells whole numbers from others (`%`, ranges and indexes take whole ones only), so here a whole number
 * is a bigint of at most 64 bits and any other a double, whatever it amounts to. Values of triggers are doubles. null is expr-lang's nil.
 */
export type Value = bigint | number | boolean | string | null | readonly Value[] | ReadonlyMap<string, Value>

export type Numeric = bigint | number

/** The word of expr-lang for the type of a value. */
export function typeOf (value: Value): string {
  if (value === null) return 'nil'
  if (isList(value)) return 'array'
  return typeof value === 'object' ? 'map' : words[typeof value as keyof typeof words]
}

const words = { bigint: 'int', number: 'float', boolean: 'bool', string: 'string' } as const

export const isList = (value: Value): value is readonly Value[] => Array.isArray(value)
export const isNumeric = (value: Value): value is Numeric => typeof value === 'number' || typeof value === 'bigint'

/** Numbers of either sort are equal by what they amount to; lists by their elements. */
export function isEqual (a: Value, b: Value): boolean {
  if (isNumeric(a) && isNumeric(b)) return typeof a === typeof b ? a === b : Number(a) === Number(b)
  if (isList(a) && isList(b)) return a.length === b.length && a.every((one, i) => isEqual(one, b[i] ?? null))
  return a === b
}
