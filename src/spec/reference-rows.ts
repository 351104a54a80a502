import type { Field, Fields, Source } from './field.js'
import { isRequired } from './json-schema.js'

/** One field as a reference page shows it. `name` is its path: `retry.attempts`, `headers[].name`. */
export interface Row { readonly name: string, readonly type: string, readonly value: string, readonly sources: string, readonly text: string }

/** Every field that can be used, each followed by those below it, in the order of the declaration. */
export function rowsOf (fields: Fields, unused: ReadonlySet<string>, prefix = ''): readonly Row[] {
  return Object.entries(fields).flatMap(([key, field]) => {
    const name = prefix + key
    if (isRefused(field) || unused.has(name)) return []
    const row: Row = {
      name, type: typeText(field), value: valueText(field), sources: sourcesText(key, field.options.from ?? ['metadata']),
      text: [field.options.summary, ...notes(field)].join(' '),
    }
    const below = partsOf(field)
    return [row, ...rowsOf(below.fields, unused, name + below.joint)]
  })
}

/** Fields that are declared and refused where they are written, with what to do instead. */
export function notBuiltOf (fields: Fields, prefix = ''): readonly string[] {
  return Object.entries(fields).flatMap(([key, field]) => {
    if (isRefused(field)) return [prefix + key]
    const below = partsOf(field)
    return notBuiltOf(below.fields, prefix + key + below.joint)
  })
}

const isRefused = ({ options }: Field<unknown>): boolean => options.notBuilt !== undefined || options.removed !== undefined

/** What is written below a field, and how a path gets there. */
function partsOf (field: Field<unknown>): { readonly joint: string, readonly fields: Fields } {
  if (field.kind === 'object') return { joint: '.', fields: field.fields ?? {} }
  if (field.item === undefined) return { joint: '', fields: {} }
  const below = partsOf(field.item)
  return { joint: (field.kind === 'list' ? '[]' : '.NAME') + below.joint, fields: below.fields }
}

function typeText (field: Field<unknown>): string {
  if (field.kind === 'enum') return (field.values ?? []).join(' | ')
  if (field.kind === 'secret') return 'string, secret'
  if ((field.kind === 'list' || field.kind === 'map') && field.item !== undefined) return `${field.kind} of ${typeText(field.item)}`
  return field.kind
}

/** An object whose parts have defaults of their own is simply optional. */
function valueText (field: Field<unknown>): string {
  if (field.default === undefined || (field.kind === 'object' && isEmptyObject(field.default))) return isRequired(field) ? 'required' : 'optional'
  if (typeof field.default !== 'string') return JSON.stringify(field.default)
  return field.default === '' ? '""' : field.default
}

const isEmptyObject = (value: unknown): boolean => typeof value === 'object' && value !== null && Object.keys(value).length === 0

function sourcesText (name: string, from: readonly Source[]): string {
  const words: Record<Source, string> = { metadata: 'field', auth: 'TriggerAuthentication', env: `${name}FromEnv` }
  return from.map(source => words[source]).join(', ')
}

function notes ({ options, range }: Field<unknown>): string[] {
  return [
    ...boundsText(range?.min, range?.max),
    ...(options.aliases === undefined || options.aliases.length === 0 ? [] : [`Also read as ${options.aliases.join(', ')}.`]),
    ...(options.example === undefined ? [] : [`Example: ${options.example}.`]),
    ...(options.deprecated === undefined ? [] : [`Deprecated: ${options.deprecated}.`]),
  ]
}

/** That nothing is less than 0 goes without saying. */
function boundsText (min = 0, max = Infinity): string[] {
  if (max === Infinity) return min === 0 ? [] : [`At least ${min}.`]
  return [`${min} to ${max}.`]
}
