import { documentOf, kinds } from '../api/index.js'
import { configSchema, fieldSchema, type JsonSchema } from '../spec/index.js'
import type { Registry } from './registry.js'

/** One JSON Schema for every kind, for editors: closed, and below `metadata` and `source` as narrow as the chosen plugin. */
export function resourceSchema (registry: Registry): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object', required: ['apiVersion', 'kind'],
    allOf: kinds.map(declared => ({
      if: { properties: { kind: { const: declared.kind }, apiVersion: { enum: declared.apiVersions } }, required: ['kind', 'apiVersion'] },
      then: narrowed(declared.kind, fieldSchema(documentOf<string, unknown, unknown>({ ...declared, toSpec: spec => spec, rules: () => [] })), registry),
    })),
  }
}

function narrowed (kind: string, schema: JsonSchema, registry: Registry): JsonSchema {
  if (kind === 'Trigger') return { allOf: [schema, { properties: { spec: { properties: { source: sources(registry) } } } }] }
  if (kind !== 'ScaledObject' && kind !== 'ScaledJob') return schema
  return { allOf: [schema, { properties: { spec: { properties: { triggers: { items: { allOf: byType(registry) } } } } } }] }
}

const byType = (registry: Registry): readonly JsonSchema[] => [
  { properties: { type: { enum: registry.scalers.map(s => s.type) } } },
  ...registry.scalers.map(({ type, config }) => ({
    if: { properties: { type: { const: type } }, required: ['type'] },
    then: { properties: { metadata: configSchema(config, 'text') } },
  })),
]

const sources = (registry: Registry): JsonSchema => ({
  properties: Object.fromEntries(registry.connectors.map(({ sourceKey, config, summary }) => [sourceKey, { ...configSchema(config, 'either'), description: summary }])),
  additionalProperties: false, minProperties: 1, maxProperties: 1,
})
