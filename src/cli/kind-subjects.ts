import { configField, kinds, ownAnnotations } from '../api/index.js'
import { annotation, names } from '../core/names.js'
import type { Registry } from '../registry/registry.js'
import { spec, type ReferenceSubject } from '../spec/index.js'
import { kindExamples } from './kind-examples.js'

/** What the page of a kind is made from. `names`: what else it is asked for by. */
export interface KindSubject extends ReferenceSubject { readonly names: readonly string[] }

type Facts = ReferenceSubject['facts']

/** The kinds, ours first, and tidegate.yaml. */
export function kindSubjects (registry: Registry): readonly KindSubject[] {
  const [ours, theirs] = [kinds.filter(k => k.kind === 'Trigger'), kinds.filter(k => k.kind !== 'Trigger')]
  return [...[...ours, ...theirs].map(kindSubject), settingsSubject(registry)]
}

function kindSubject ({ kind, plural, shortNames, apiVersions, summary, spec: field, notRun = [] }: typeof kinds[number]): KindSubject {
  return {
    type: kind, title: kind, summary, names: [plural, ...shortNames], notRun, examples: kindExamples[kind],
    config: spec(field.fields ?? {}),
    facts: [['In YAML', `apiVersion ${apiVersions.join(' or ')}, kind ${kind}; the fields stand below spec`], ...factsOf[kind]],
    lists: kind === 'Trigger' || kind === 'ScaledObject' ? [{ title: 'Annotations', entries: scaling }] : [],
  }
}

const factsOf: Readonly<Record<typeof kinds[number]['kind'], Facts>> = {
  Trigger: [['Source', 'one key of `tidegate connectors`; its page has the fields below it']],
  ScaledObject: [['Triggers', 'each type of `tidegate scalers` has a page with the fields below metadata']],
  ScaledJob: [['On one machine', 'a Job is a process, started again as its backoffLimit allows; the history stands in the state folder'], ['Triggers', 'each type of `tidegate scalers` has a page with the fields below metadata']],
  TriggerAuthentication: [['Used by', 'authenticationRef of a Trigger or of a scale trigger in the same namespace'], ['Cluster-wide', 'kind ClusterTriggerAuthentication has the same fields']],
  ClusterTriggerAuthentication: [['Used by', 'authenticationRef with kind: ClusterTriggerAuthentication, in any namespace']],
}

/** Those of our annotations that one who runs a Trigger or a ScaledObject on one machine can use. */
const scaling: Facts = (['paused', 'paused-replicas', 'paused-scale-in', 'paused-scale-out', 'force-activation', 'max-step', 'behavior'] as const)
  .map(name => [annotation(name), ownAnnotations[name]])

function settingsSubject (registry: Registry): KindSubject {
  return {
    type: 'tidegate.yaml', title: 'tidegate.yaml', names: ['config'], examples: kindExamples.Config,
    summary: 'Values that all objects share: above all the addresses of brokers.',
    config: spec(configField.fields ?? {}),
    facts: [
      ['In YAML', `a file of this name among the manifests, or any document with apiVersion ${names.apiVersion} and kind Config`],
      ['Precedence', 'what an object writes itself wins'],
      ['Environment', 'a key that ends with FromEnv names a variable of Tidegate\'s own environment'],
    ],
    lists: [{ title: 'Brokers below defaults', entries: brokersOf(registry) }],
  }
}

/** For each broker who reads its defaults; each takes the fields that it has. */
function brokersOf (registry: Registry): Facts {
  const readers = [
    ...registry.connectors.map(c => [c.defaultsKey, `connector ${c.type}`] as const),
    ...registry.scalers.map(s => [s.defaultsKey, `scaler ${s.type}`] as const),
  ]
  const brokers = [...new Set(readers.flatMap(([key]) => key === undefined ? [] : [key]))].sort()
  return brokers.map(broker => [`defaults.${broker}`, `fields of ${readers.filter(([key]) => key === broker).map(([, reader]) => reader).join(', ')}`])
}
