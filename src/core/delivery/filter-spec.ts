/** One condition on an event, as declared: exactly one of the keys. `exact`, `prefix` and `suffix` hold only if every attribute named does. */
export interface FilterSpec {
  readonly exact?: Readonly<Record<string, string>> | undefined
  readonly prefix?: Readonly<Record<string, string>> | undefined
  readonly suffix?: Readonly<Record<string, string>> | undefined
  readonly all?: readonly FilterSpec[] | undefined
  readonly any?: readonly FilterSpec[] | undefined
  readonly not?: FilterSpec | undefined
}

/** What is wrong with a declared filter, and where, counted from the filter list. */
export interface FilterViolation { readonly path: readonly (string | number)[], readonly message: string }

const dialects = ['exact', 'prefix', 'suffix', 'all', 'any', 'not'] as const
type Dialect = typeof dialects[number]

/** Everything that is wrong with a declared filter list; empty when it can be compiled. */
export function filterViolations (declared: unknown, path: readonly (string | number)[] = []): readonly FilterViolation[] {
  if (!Array.isArray(declared)) return [{ path, message: 'must be a list of filters' }]
  return declared.flatMap((filter, i) => violationsOf(filter, [...path, i]))
}

function violationsOf (filter: unknown, path: readonly (string | number)[]): readonly FilterViolation[] {
  if (!isMapping(filter)) return [{ path, message: 'must be a mapping' }]
  const written = Object.keys(filter).filter(key => filter[key] !== undefined)
  const unknown = written.filter(key => !isDialect(key))
  if (unknown.length > 0) return unknown.map(key => ({ path: [...path, key], message: `no such filter dialect; known: ${dialects.join(', ')}` }))
  const [dialect, ...more] = written.filter(isDialect)
  if (dialect === undefined || more.length > 0) return [{ path, message: `needs exactly one of ${dialects.join(', ')}` }]
  const value = filter[dialect]
  if (dialect === 'not') return violationsOf(value, [...path, 'not'])
  if (dialect === 'all' || dialect === 'any') return violationsOfList(value, [...path, dialect])
  return violationsOfAttributes(value, [...path, dialect])
}

function violationsOfList (value: unknown, path: readonly (string | number)[]): readonly FilterViolation[] {
  if (Array.isArray(value) && value.length === 0) return [{ path, message: 'needs at least one filter' }]
  return filterViolations(value, path)
}

function violationsOfAttributes (value: unknown, path: readonly (string | number)[]): readonly FilterViolation[] {
  if (!isMapping(value) || Object.keys(value).length === 0) return [{ path, message: 'needs at least one attribute: value' }]
  return Object.entries(value).flatMap(([name, wanted]): FilterViolation[] => {
    if (!/^[a-z0-9]+$/.test(name)) return [{ path: [...path, name], message: 'is no CloudEvents attribute name: lower-case letters and digits only' }]
    if (typeof wanted !== 'string') return [{ path: [...path, name], message: 'must be a string' }]
    return path.at(-1) === 'exact' && wanted === '' ? [{ path: [...path, name], message: "is empty; to ask that it is there, write prefix: ''" }] : []
  })
}

const isDialect = (key: string): key is Dialect => (dialects as readonly string[]).includes(key)
const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null && !Array.isArray(value)
