/** A partial value: what it names must be there, what it does not name is free. `{"$type": "string"}` stands for any string, `{"$in": [1, 2]}` for one of the two, `{"$absent": true}` for nothing there. */
export type Pattern = string | number | boolean | null | readonly Pattern[] | { readonly [key: string]: Pattern }

/** Whether a value fits: objects by the keys named, lists by having an element for each one named, the rest by equality. */
export function matches (pattern: Pattern, value: unknown): boolean {
  if (pattern === null || typeof pattern !== 'object') return pattern === value
  if (isList(pattern)) return Array.isArray(value) && pattern.every(wanted => value.some(element => matches(wanted, element)))
  if (typeof pattern['$type'] === 'string') return typeof value === pattern['$type']
  if (pattern['$absent'] === true) return value === undefined
  if (pattern['$in'] !== undefined) return isList(pattern['$in']) && pattern['$in'].some(one => matches(one, value))
  if (value === null || typeof value !== 'object') return false
  return Object.entries(pattern).every(([key, wanted]) => matches(wanted, (value as Record<string, unknown>)[key]))
}

const isList = (pattern: Pattern): pattern is readonly Pattern[] => Array.isArray(pattern)
