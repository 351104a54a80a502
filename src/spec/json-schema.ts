import type { ConfigSpec } from './config-spec.js'
import type { Field } from './field.js'
import type { Mode } from './read.js'

/** A JSON Schema (2020-12), as plain data. */
export type JsonSchema = Readonly<Record<string, unknown>>

export const durationPattern = '^(0|([0-9.]+(ns|us|µs|ms|s|m|h))+)$'

/** What an editor should accept for a field. `text` is for places where every value is text: leaves may be written as text too. */
export function fieldSchema (field: Field<unknown>, mode: Mode = 'typed'): JsonSchema {
  const { summary, example, deprecated } = field.options
  return {
    ...shapeOf(field, mode),
    description: summary,
    ...(field.default === undefined ? {} : { default: field.default }),
    ...(example === undefined ? {} : { examples: [example] }),
    ...(deprecated === undefined ? {} : { deprecated: true }),
  }
}

function shapeOf (field: Field<unknown>, mode: Mode): JsonSchema {
  switch (field.kind) {
    case 'object': return objectSchema(field, mode)
    case 'list': return orText(mode, { type: 'array', ...(field.item === undefined ? {} : { items: fieldSchema(field.item, mode) }), ...(field.minItems === undefined ? {} : { minItems: field.minItems }) })
    case 'map': return orText(mode, { type: 'object', ...(field.item === undefined ? {} : { additionalProperties: fieldSchema(field.item, mode) }) })
    case 'enum': return { enum: field.values ?? [] }
    case 'integer': return orText(mode, { type: 'integer', ...bounds(field) })
    case 'number': return orText(mode, { type: 'number', ...bounds(field) })
    case 'boolean': return orText(mode, { type: 'boolean' })
    case 'quantity': return { type: ['number', 'string'] }
    case 'number or name': return { type: ['integer', 'string'] }
    case 'duration': return { type: 'string', pattern: durationPattern }
    case 'secret':
    case 'string': return mode === 'typed' ? { type: 'string' } : { type: ['string', 'number', 'boolean'] }
    case 'any': return {}
  }
}

const bounds = ({ range }: Field<unknown>): JsonSchema =>
  ({ ...(range?.min === undefined ? {} : { minimum: range.min }), ...(range?.max === undefined ? {} : { maximum: range.max }) })

const orText = (mode: Mode, schema: JsonSchema): JsonSchema => mode === 'typed' ? schema : { anyOf: [schema, { type: 'string' }] }

function objectSchema (field: Field<unknown>, mode: Mode): JsonSchema {
  const fields = Object.entries(field.fields ?? {}).filter(([, f]) => isReadable(f))
  const required = fields.filter(([, f]) => isRequired(f) && (f.options.aliases ?? []).length === 0).map(([name]) => name)
  return {
    type: 'object',
    properties: Object.fromEntries(fields.flatMap(([name, f]) => named(name, f, mode))),
    ...(required.length === 0 ? {} : { required }),
    ...(field.open === true ? {} : { additionalProperties: false }),
  }
}

/** What stands below `metadata` or `source.<key>` for one plugin: closed, with `…FromEnv` where the environment is a source. Nothing is required: credentials may provide it. */
export function configSchema (declared: ConfigSpec<unknown>, mode: Mode): JsonSchema {
  const fields = Object.entries(declared.fields).filter(([, field]) => isReadable(field))
  return { type: 'object', properties: Object.fromEntries(fields.flatMap(([name, field]) => parameters(name, field, mode))), additionalProperties: false }
}

function parameters (name: string, field: Field<unknown>, mode: Mode): (readonly [string, JsonSchema])[] {
  const from = field.options.from ?? ['metadata']
  const keys = [name, ...(field.options.aliases ?? [])]
  return [
    ...(from.includes('metadata') ? named(name, field, mode) : []),
    ...(from.includes('env') ? keys.map(key => [`${key}FromEnv`, { type: 'string', description: `Variable of the target's container that holds ${name}.` }] as const) : []),
  ]
}

function named (name: string, field: Field<unknown>, mode: Mode): (readonly [string, JsonSchema])[] {
  const schema = fieldSchema(field, mode)
  return [name, ...(field.options.aliases ?? [])].map(key => [key, schema] as const)
}

/** Not one that is refused wherever it is written. */
const isReadable = ({ options }: Field<unknown>): boolean => options.notBuilt === undefined && options.removed === undefined

export const isRequired = (field: Field<unknown>): boolean => field.options.optional !== true && field.default === undefined
