import type { JsonSchema } from '../spec/index.js'

/** What an API server refuses by itself: a CEL rule over the field at `path`, below `spec`. */
export interface CelRule { readonly path: readonly string[], readonly rule: string, readonly message: string, readonly fieldPath?: string }

const trigger = ['triggers', '[]']
const uncachedRule: CelRule = {
  path: trigger, fieldPath: '.useCachedMetrics', message: 'is not supported for the cpu, memory and cron scalers',
  rule: "!has(self.useCachedMetrics) || !self.useCachedMetrics || !(self.type in ['cpu', 'memory', 'cron'])",
}

const identityRules: readonly CelRule[] = [
  { path: ['podIdentity'], fieldPath: '.identityId', message: 'must not be empty', rule: "self.provider != 'azure-workload' || !has(self.identityId) || self.identityId != ''" },
  {
    path: ['podIdentity'], message: 'identityTenantId is needed beside identityAuthorityHost',
    rule: "self.provider != 'azure-workload' || !has(self.identityAuthorityHost) || self.identityAuthorityHost == '' || (has(self.identityTenantId) && self.identityTenantId != '')",
  },
  { path: ['podIdentity'], fieldPath: '.roleArn', message: 'excludes identityOwner: workload', rule: "self.provider != 'aws' || !has(self.roleArn) || self.roleArn == '' || !has(self.identityOwner) || self.identityOwner != 'workload'" },
]

/**
 * The rules over several fields that need no list of all objects and no knowledge of a scaler; the operator keeps the others. None counts
 * on a default below it: an API server tries a rule on the bare `default: {}` of its own field too.
 */
const celRules: Readonly<Record<string, readonly CelRule[]>> = {
  ScaledObject: [
    {
      path: [], message: 'minReplicaCount must be less than or equal to maxReplicaCount',
      rule: '!has(self.minReplicaCount) || self.minReplicaCount <= (has(self.maxReplicaCount) ? self.maxReplicaCount : 100)',
    },
    {
      path: [], fieldPath: '.idleReplicaCount', message: 'must be less than minReplicaCount',
      rule: '!has(self.idleReplicaCount) || (has(self.minReplicaCount) && self.idleReplicaCount < (self.minReplicaCount > 0 ? self.minReplicaCount : 1))',
    },
    {
      path: [], fieldPath: '.fallback', message: 'behavior scalingModifiers needs advanced.scalingModifiers.formula',
      rule: "!has(self.fallback) || !has(self.fallback.behavior) || self.fallback.behavior != 'scalingModifiers' || (has(self.advanced) && has(self.advanced.scalingModifiers) && has(self.advanced.scalingModifiers.formula) && self.advanced.scalingModifiers.formula != '')",
    },
    uncachedRule,
  ],
  ScaledJob: [uncachedRule],
  TriggerAuthentication: [...identityRules, { path: [], fieldPath: '.filePath', message: 'is read only from a ClusterTriggerAuthentication', rule: '!has(self.filePath)' }],
  ClusterTriggerAuthentication: identityRules,
  Trigger: [
    { path: ['function'], message: 'needs name or url, and not both', rule: 'has(self.name) != has(self.url)' },
    { path: ['function'], fieldPath: '.kind', message: 'is of a name, and there is a url', rule: "!has(self.url) || !has(self.kind) || self.kind == 'Auto'" },
    { path: ['function'], fieldPath: '.port', message: 'a Knative Service has its own address', rule: "!has(self.port) || !has(self.kind) || self.kind != 'KnativeService'" },
    { path: ['function'], fieldPath: '.path', message: 'must begin with /', rule: "!has(self.path) || self.path == '' || self.path.startsWith('/')" },
    { path: ['scale'], fieldPath: '.min', message: 'must be no more than max', rule: '!has(self.min) || self.min <= (has(self.max) ? self.max : 10)' },
  ],
}

/** A schema of a kind's `spec` with its rules at their fields. */
export const withRules = (kind: string, spec: JsonSchema): JsonSchema => (celRules[kind] ?? []).reduce<JsonSchema>(addRule, spec)

function addRule (schema: JsonSchema, { path, ...rule }: CelRule): JsonSchema {
  return at(schema, path, found => ({ ...found, 'x-kubernetes-validations': [...(found['x-kubernetes-validations'] as readonly unknown[] | undefined ?? []), rule] }))
}

/** A copy of a schema with another one at a path of property names; `[]` is a list's elements. */
export function at (schema: JsonSchema, path: readonly string[], change: (found: JsonSchema) => JsonSchema): JsonSchema {
  const [first, ...rest] = path
  if (first === undefined) return change(schema)
  if (first === '[]') return { ...schema, items: at(schema['items'] as JsonSchema, rest, change) }
  const properties = schema['properties'] as Readonly<Record<string, JsonSchema>>
  const property = properties[first]
  if (property === undefined) throw new Error(`no field ${first} among ${Object.keys(properties).join(', ')}`)
  return { ...schema, properties: { ...properties, [first]: at(property, rest, change) } }
}
