import { crdGroups, crdsOf, type CrdGroup } from '../../api/index.js'
import { names } from '../../core/names.js'
import { fieldsOf, operatorRights, rightText, type Examiner, type KubeCluster, type Right } from '../../kube/index.js'
import { fact, type Fact } from './facts.js'

const kindsFact = fact('kinds')
const rightsFact = fact('rights')
const kedaFact = fact('KEDA')

const version = names.apiVersion.split('/')[1] ?? ''

/** Which kinds are served, and whether they have every field that this program knows. */
export async function kindFacts (examiner: Examiner): Promise<readonly Fact[]> {
  return (await Promise.all(crdGroups.map(group => factsOfGroup(group, examiner)))).flat()
}

/** What of a definition is compared. */
interface CrdSpec { readonly names: { readonly kind: string }, readonly versions: readonly { readonly schema: { readonly openAPIV3Schema: Parameters<typeof fieldsOf>[0] } }[] }

async function factsOfGroup (group: CrdGroup, examiner: Examiner): Promise<readonly Fact[]> {
  const served = await examiner.kinds(group, version)
  const crds = crdsOf(group).map(({ spec }) => spec as unknown as CrdSpec)
  const install = `tidegate crds${group === names.kedaGroup ? ` --group ${group}` : ''} | kubectl apply --server-side -f -`
  const absent = crds.map(crd => crd.names.kind).filter(kind => !served.has(kind))
  if (absent.length === crds.length) {
    return [group === names.kedaGroup
      ? kindsFact('note', `${group} is not installed: its ScaledObjects cannot be written here`, `where KEDA will not be: ${install}`)
      : kindsFact('problem', `${group} is not installed`, install)]
  }
  const old = crds.flatMap(spec => {
    const has = served.get(spec.names.kind)
    const lacks = has === undefined ? [] : fieldsOf(spec.versions[0]?.schema.openAPIV3Schema ?? {}).filter(field => !has.has(field))
    return lacks.length === 0 ? [] : [`${spec.names.kind} lacks ${lacks.slice(0, 3).join(', ')}${lacks.length > 3 ? ` and ${lacks.length - 3} more` : ''}`]
  })
  if (absent.length + old.length === 0) return [kindsFact('ok', `${group} is installed and current`)]
  const differences = [...absent.map(kind => `${kind} is missing`), ...old].join('; ')
  return [group === names.kedaGroup ? kindsFact('note', `${group} is of another version: ${differences}. It is used as it is`) : kindsFact('warning', `${group} is older than this program: ${differences}`, install)]
}

/** Groups of kinds that a cluster may do without. */
const mayBeAbsent: readonly string[] = [...crdGroups, 'serving.knative.dev']

/** The operator's own rights, each asked for in every namespace that it looks at; for kinds that are installed. */
export async function operatorNeeds (cluster: KubeCluster, namespaces: readonly string[]): Promise<readonly Right[]> {
  const groups = await cluster.examiner.groups()
  return operatorRights.filter(({ group }) => !mayBeAbsent.includes(group) || groups.has(group)).flatMap(right => {
    if (right.scope === 'home') return [{ ...right, namespace: cluster.homeNamespace }]
    if (namespaces.length === 0) return [right]
    return right.scope === 'cluster' ? [] : namespaces.map(namespace => ({ ...right, namespace }))
  })
}

/** What of the rights that are needed is not there. */
export async function rightFacts (cluster: KubeCluster, base: readonly Right[], more: readonly Right[], account: string | undefined): Promise<readonly Fact[]> {
  const who = account === undefined ? 'we' : `service account ${account}`
  const [missing, missingToo] = await Promise.all([cluster.examiner.missing(base, account), cluster.examiner.missing(more, account)])
  if (missing.length + missingToo.length === 0) return [rightsFact('ok', `${who} may do everything that is needed: ${base.length + more.length} rights`)]
  return [
    ...missing.map(right => rightsFact('problem', `${who} may not ${rightText(right)}`, 'kubectl apply --server-side -k deploy/manifests')),
    ...missingToo.map(right => rightsFact('problem', `${who} may not ${rightText(right)}`, 'tidegate doctor --print-rbac | kubectl apply -f -')),
  ]
}

/** Whether KEDA is here: its operator, its lease, and who answers for external metrics. */
export async function kedaFacts (cluster: KubeCluster, now: number): Promise<readonly Fact[]> {
  const { examiner, kedaOperators } = cluster
  const operators = await Promise.all(kedaOperators.map(async operator => {
    const namespace = /^Deployment (.*)\//.exec(operator)?.[1] ?? ''
    const held = await examiner.isLeaseHeld(namespace, 'operator.keda.sh', now)
    const lease = held === undefined ? 'whether it works cannot be seen: no right to its Lease' : held ? 'its Lease is held: it works' : 'nobody holds its Lease'
    return kedaFact('note', `${operator} has replicas; ${lease}`, 'ScaledObjects of keda.sh stay its own until they carry tidegate.dev/claim')
  }))
  const metrics = (await examiner.groups()).has('external.metrics.k8s.io') ? [kedaFact('note', 'external.metrics.k8s.io is served by somebody: KEDA\'s metrics adapter, or another one')] : []
  return [...(operators.length === 0 ? [cluster.seesKeda ? kedaFact('ok', 'no keda-operator is at work') : kedaFact('note', 'no keda-operator is at work in what is looked at; other namespaces cannot be seen', 'deploy/components/take-over has the right to see it')] : operators), ...metrics]
}
