import { names } from '../core/names.js'
import { structuralSchema, type JsonSchema } from '../spec/index.js'
import { printerColumns } from './crd-columns.js'
import { at, withRules } from './crd-rules.js'
import { statusSchema } from './crd-status.js'
import { kinds } from './resource.js'

type Declared = typeof kinds[number]

/** Groups that there are CustomResourceDefinitions for. KEDA's are for clusters that it is not in: over its own they are never installed. */
export const crdGroups = [names.group, names.kedaGroup] as const
export type CrdGroup = typeof crdGroups[number]

/** A CustomResourceDefinition, as plain data. */
export interface Crd {
  readonly apiVersion: 'apiextensions.k8s.io/v1'
  readonly kind: 'CustomResourceDefinition'
  readonly metadata: { readonly name: string }
  readonly spec: Readonly<Record<string, unknown>>
}

/**
 * The definitions of one group. In KEDA's the shape is KEDA's, and nothing is stored that was not written: an object may be handed
 * back. In ours an object shows every default.
 */
export function crdsOf (group: CrdGroup): readonly Crd[] {
  return kinds.filter(({ apiVersions }) => apiVersions.some(v => v.startsWith(`${group}/`))).map(declared => crdOf(declared, group))
}

/** Where KEDA's definitions are too, `so` and `sj` are theirs: these name ours alone. */
const ownShortNames: Readonly<Record<string, readonly string[]>> = { ScaledObject: ['tso'], ScaledJob: ['tsj'], TriggerAuthentication: ['tta'], ClusterTriggerAuthentication: ['tcta'] }

function crdOf (declared: Declared, group: CrdGroup): Crd {
  const { kind, plural, shortNames, scope } = declared
  const isKedas = group === names.kedaGroup
  return {
    apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group, scope,
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase(), shortNames: isKedas ? shortNames : [...shortNames, ...ownShortNames[kind] ?? []], categories: [isKedas ? 'keda' : names.product] },
      versions: [{
        name: 'v1alpha1', served: true, storage: true,
        schema: { openAPIV3Schema: documentSchema(declared, isKedas) },
        subresources: { status: {} },
        additionalPrinterColumns: printerColumns(kind, isKedas),
      }],
    },
  }
}

function documentSchema ({ kind, summary, spec }: Declared, isKedas: boolean): JsonSchema {
  return {
    type: 'object', description: summary, required: ['spec'],
    properties: {
      apiVersion: { type: 'string' }, kind: { type: 'string' }, metadata: { type: 'object' },
      spec: withRules(kind, narrowed(kind, structuralSchema(spec, isKedas ? 'left out' : 'stored'), isKedas)),
      status: statusSchema(kind, isKedas),
    },
  }
}

/** What a declaration leaves to the program and an API server can hold as well. */
function narrowed (kind: string, spec: JsonSchema, isKedas: boolean): JsonSchema {
  if (kind === 'Trigger') return at(at(spec, ['source'], oneKey), ['deadLetter', 'to'], oneKey)
  const isScaled = kind === 'ScaledObject' || kind === 'ScaledJob'
  if (!isScaled || !isKedas) return spec
  const asText = at(spec, ['triggers', '[]', 'metadata'], found => ({ ...found, additionalProperties: { type: 'string' } }))
  return kind === 'ScaledObject' ? at(asText, ['triggers', '[]', 'metricType'], anyText) : asText
}

/** KEDA's schema takes any text here: what is wrong with it is said in a condition. */
const anyText = (schema: JsonSchema): JsonSchema => Object.fromEntries(Object.entries(schema).filter(([key]) => key !== 'enum'))

/** Exactly one connector, whose values are its own. */
const oneKey = (schema: JsonSchema): JsonSchema => ({
  ...schema, minProperties: 1, maxProperties: 1, additionalProperties: { type: 'object', nullable: true, 'x-kubernetes-preserve-unknown-fields': true },
})
