import type { Field } from './field.js'
import { durationPattern, isRequired, type JsonSchema } from './json-schema.js'

/** What an API server may do with fields that are not written: store their defaults, or leave them as they are. */
export type Defaulting = 'stored' | 'left out'

const anything: JsonSchema = { 'x-kubernetes-preserve-unknown-fields': true }
const quantityPattern = '^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$'

/**
 * The structural schema of a field for a CustomResourceDefinition. What is refused because it is not built yet is kept as it
 * was written: pruned, it would be ignored, and nobody could say why.
 */
export function structuralSchema (field: Field<unknown>, defaulting: Defaulting): JsonSchema {
  const { summary, saysByAbsence } = field.options
  const isDefaulted = defaulting === 'stored' && field.default !== undefined && saysByAbsence !== true
  return { description: summary, ...shapeOf(field, defaulting), ...(isDefaulted ? { default: field.default } : {}) }
}

function shapeOf (field: Field<unknown>, defaulting: Defaulting): JsonSchema {
  if (field.options.notBuilt !== undefined || field.options.removed !== undefined) return anything
  switch (field.kind) {
    case 'object': return objectSchema(field, defaulting)
    case 'list': return { type: 'array', items: itemSchema(field, defaulting), ...(field.minItems === undefined ? {} : { minItems: field.minItems }) }
    case 'map': return { type: 'object', additionalProperties: itemSchema(field, defaulting) }
    case 'enum': return { type: 'string', enum: field.values ?? [] }
    case 'integer': return { type: 'integer', format: 'int32', ...bounds(field) }
    case 'number': return { type: 'number', ...bounds(field) }
    case 'boolean': return { type: 'boolean' }
    case 'quantity': return { anyOf: [{ type: 'integer' }, { type: 'string' }], pattern: quantityPattern, 'x-kubernetes-int-or-string': true }
    case 'number or name': return { anyOf: [{ type: 'integer' }, { type: 'string' }], 'x-kubernetes-int-or-string': true }
    case 'duration': return { type: 'string', pattern: durationPattern }
    case 'secret':
    case 'string': return { type: 'string', ...textRules(field) }
    case 'any': return anything
  }
}

const itemSchema = ({ item }: Field<unknown>, defaulting: Defaulting): JsonSchema => item === undefined ? anything : structuralSchema(item, defaulting)

function objectSchema (field: Field<unknown>, defaulting: Defaulting): JsonSchema {
  const fields = Object.entries(field.fields ?? {})
  const required = fields.filter(([, f]) => isRequired(f)).map(([name]) => name)
  return {
    type: 'object',
    ...(fields.length === 0 ? {} : { properties: Object.fromEntries(fields.map(([name, f]) => [name, structuralSchema(f, defaulting)])) }),
    ...(required.length === 0 ? {} : { required }),
    ...(field.open === true ? anything : {}),
  }
}

const bounds = ({ range }: Field<unknown>): JsonSchema =>
  ({ ...(range?.min === undefined ? {} : { minimum: range.min }), ...(range?.max === undefined ? {} : { maximum: range.max }) })

const textRules = ({ text }: Field<unknown>): JsonSchema => ({
  ...(text?.minLength === undefined ? {} : { minLength: text.minLength }),
  ...(text?.maxLength === undefined ? {} : { maxLength: text.maxLength }),
  ...(text?.pattern === undefined ? {} : { pattern: text.pattern.source }),
})
