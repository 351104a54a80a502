import { expect } from 'vitest'
import { admissionProblems, leavesWishes, notRunnable, readResource, scalePolicyOf, type NeighbourHpa, type ScaledObject } from '../../src/api/index.js'
import { builtins } from '../../src/cli/builtins.js'
import { checkResource } from '../../src/registry/check.js'
import { formatProblem, isError, type Origin, type Problem } from '../../src/spec/index.js'
import { testVectors } from './support.js'

type Written = Readonly<Record<string, unknown>> & { readonly metadata?: Readonly<Record<string, unknown>>, readonly spec?: Readonly<Record<string, unknown>> }
interface Hpa { name: string, scaleTargetRef: NeighbourHpa['target'], ownerReferences?: { kind: string, name: string }[] }
interface Cluster { hpas?: Hpa[], scaledObjects?: Written[] }
interface Given {
  kind: string, action?: string, scaledObject?: Written, oldScaledObject?: Written, scaledJob?: Written, cluster?: Cluster
  annotations?: Readonly<Record<string, string>>, triggers?: Written[], minReplicaCount?: number | null, maxReplicaCount?: number | null, statusPausedReplicaCount?: number | null
}
interface Expect {
  allowed?: boolean, warningsContain?: string[], warningsNotContain?: string[], warningsEmpty?: boolean, ok?: boolean, errorContains?: string, error?: string
  hasPausedAnnotation?: boolean, paused?: boolean, pausedReplicaCount?: number | null, usingModifiers?: boolean, created?: boolean, invalidField?: string, stored?: Readonly<Record<string, unknown>>
  hpaMinReplicas?: number, hpaMaxReplicas?: number
}

const origin: Origin = { kind: 'cluster', cluster: 'vectors' }
const cron = { type: 'cron', metadata: { timezone: 'UTC', start: '0 * * * *', end: '1 * * * *', desiredReplicas: '1' } }

/** A whole document; what a pure case leaves out is filled with what is right. */
const document = (kind: string, written: Written | undefined, filler: Readonly<Record<string, unknown>> = {}): Written =>
  ({ apiVersion: 'keda.sh/v1alpha1', kind, metadata: { name: 'so', namespace: 'default', ...written?.metadata }, spec: { ...filler, ...written?.spec } })

const filler = { scaleTargetRef: { name: 'web' }, triggers: [cron] }

/** What the webhook says of one request, from the rules alone. */
function review ({ scaledObject, oldScaledObject, cluster = {} }: Given): readonly Problem[] {
  const object = document('ScaledObject', scaledObject)
  if (oldScaledObject !== undefined && leavesWishes(object, document('ScaledObject', oldScaledObject))) return []
  const read = readResource(object, origin)
  return [
    ...read.problems, ...read.ok ? notRunnable(read.value) : [],
    ...checkResource(object, origin, { registry: builtins, defaults: {}, unknownKedaKeys: 'warning', names: () => ({}) }),
    ...admissionProblems(object, {
      scaledObjects: (cluster.scaledObjects ?? []).map(other => document('ScaledObject', other)),
      hpas: (cluster.hpas ?? []).map(({ name, scaleTargetRef: target, ownerReferences: owners = [] }) => ({ name, target, owners })),
    }),
  ]
}

const texts = (problems: readonly Problem[]): readonly string[] => problems.map(formatProblem)

/** The object as the loops have it. Pure cases name types that exist nowhere, and no plugin is asked. */
function read (written: Written): ScaledObject {
  const parsed = readResource(document('ScaledObject', written, filler), origin)
  if (!parsed.ok || parsed.value.kind !== 'ScaledObject') throw new Error(texts(parsed.problems).join('\n'))
  return parsed.value
}

const withAnnotations = (annotations: Readonly<Record<string, string>> = {}) => scalePolicyOf(read({ metadata: { annotations } }), 0)

/** The problems of the fields that a case is about. `bounds` are said on their fields, a rule over the triggers on them. */
function errorsAt (written: Written, ...fields: readonly string[]): readonly Problem[] {
  const triggers = (written.spec?.['triggers'] ?? [cron]) as readonly Written[]
  const complete = { ...written, spec: { ...written.spec, triggers: triggers.map(trigger => ({ metadata: {}, ...trigger })) } }
  return readResource(document('ScaledObject', complete, filler), origin).problems.filter(p => isError(p) && fields.includes(String(p.path[1])))
}

testVectors<Given, Expect>('scaledobject_validation', ({ given, expect: wanted }) => {
  switch (given.kind) {
    case 'admission':
    case 'warnings': {
      const problems = review(given)
      expect(texts(problems.filter(isError)).length === 0, texts(problems).join('\n')).toBe(wanted.allowed)
      const warnings = texts(problems.filter(p => !isError(p))).join('\n')
      for (const text of wanted.warningsContain ?? []) expect(warnings).toContain(text)
      for (const text of wanted.warningsNotContain ?? []) expect(warnings).not.toContain(text)
      if (wanted.warningsEmpty === true) expect(warnings).toBe('')
      return
    }
    case 'fallback_valid': return expectRule(wanted, errorsAt(given.scaledObject ?? {}, 'fallback'))
    case 'replica_bounds': {
      const broken = errorsAt(given.scaledObject ?? {}, 'minReplicaCount', 'maxReplicaCount', 'idleReplicaCount')
      expectRule(wanted, broken)
      return expect(texts(broken).join('\n')).toContain(wanted.errorContains ?? '')
    }
    // Whoever writes one of the modifiers is held to all of them. Go's empty struct stands as a list in the cases.
    case 'using_modifiers': {
      const spec = given.scaledObject?.spec
      return expect(errorsAt({ spec: JSON.parse(JSON.stringify(spec), (_, value: unknown) => Array.isArray(value) && value.length === 0 ? undefined : value) as Written }, 'advanced').length > 0).toBe(wanted.usingModifiers)
    }
    case 'triggers_valid': return expectRule(wanted, errorsAt({ spec: { triggers: given.triggers ?? [] } }, 'triggers'))
    case 'hpa_replicas': {
      const { minReplicas, maxReplicas } = scalePolicyOf(read({ spec: withoutNulls({ minReplicaCount: given.minReplicaCount, maxReplicaCount: given.maxReplicaCount }) }), 0)
      return expect({ hpaMinReplicas: Math.max(1, minReplicas), hpaMaxReplicas: maxReplicas }).toEqual(wanted)
    }
    case 'paused_annotation': return expect(withAnnotations(given.annotations).paused !== undefined).toBe(wanted.hasPausedAnnotation)
    case 'need_to_be_paused': return expect(withAnnotations(given.annotations).paused !== undefined).toBe(wanted.paused)
    case 'paused_replica_count': {
      const parsed = readResource(document('ScaledObject', { metadata: { annotations: given.annotations ?? {} } }, filler), origin)
      expect(parsed.ok, texts(parsed.problems).join('\n')).toBe(wanted.ok)
      if (!parsed.ok) return
      const { paused } = withAnnotations(given.annotations)
      return expect(paused?.kind === 'at' ? paused.replicas : null).toBe(wanted.pausedReplicaCount)
    }
    case 'controller': {
      const kind = given.scaledJob === undefined ? 'ScaledObject' : 'ScaledJob'
      const written = given.scaledJob === undefined ? given.scaledObject : { ...given.scaledJob, spec: { ...given.scaledJob.spec, jobTargetRef: { template: {} } } }
      const problems = readResource(document(kind, written), origin).problems.filter(isError)
      expect(problems.length === 0, texts(problems).join('\n')).toBe(wanted.created)
      return expect(texts(problems).join('\n')).toContain(wanted.invalidField ?? '')
    }
    default: throw new Error(`a kind that is not known here: ${given.kind}`)
  }
})

function expectRule ({ ok }: Expect, broken: readonly Problem[]): void { expect(broken.length === 0, texts(broken).join('\n')).toBe(ok) }

const withoutNulls = (values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null && value !== undefined))
