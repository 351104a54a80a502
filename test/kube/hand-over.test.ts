import { afterAll, beforeAll, expect, test } from 'vitest'
import { type KubeControlPlane, kubeControlPlane } from '../servers/kube.js'
import { type Run, until } from '../scenario/harness.js'
import { applyManifest } from './install.js'
import { autoscaler, autoscalerPath, countsSet, KedaPart } from './keda-part.js'
import { conditionOf, type Deployment, deployment, deploymentPath, fast, installKinds, installRights, runOperator, type Scaled, scaledObject, scaledObjectPath, window } from './operator.js'

let kube: KubeControlPlane
let rights: string
beforeAll(async () => {
  kube = await kubeControlPlane()
  await installKinds(kube, 'keda.sh', 'tidegate.dev')
  rights = await installRights(kube)
})
afterAll(async () => { await kube.stop() })

const office = 'office'
const so = (namespace: string): string => scaledObjectPath('keda.sh', namespace, office)
const target = (namespace: string): string => deploymentPath(namespace, office)
const replicas = (namespace: string, count: number): Promise<unknown> => kube.admin.until<Deployment>(target(namespace), d => d?.spec.replicas === count)
const annotate = (namespace: string, annotations: Readonly<Record<string, string | null>>): Promise<unknown> => kube.admin.patch(so(namespace), { metadata: { annotations } })
const finalizersOf = (object: Scaled | undefined): readonly unknown[] => (object?.metadata['finalizers'] ?? []) as readonly unknown[]
const decided = (run: Run, reason: string): Promise<unknown> => run.statusUntil('ScaledObject', office, s => s.scaling?.decision.reason === reason)
const leftTo = (namespace: string, from: number, run: Run): Promise<unknown> => run.line(l => l['why'] !== undefined && l['object'] === `ScaledObject ${namespace}/${office}`, 'left to KEDA', from)

/** The audit log has a request when its answer was sent: a moment after everybody sees what it did. */
async function countsWere (namespace: string, ...expected: readonly (readonly [string, number])[]): Promise<void> {
  let counts: Awaited<ReturnType<typeof countsSet>> = []
  await until(async () => (counts = await countsSet(kube, namespace, office)).length >= expected.length)
  expect(counts).toEqual(expected)
}

async function scene (wish: number, spec: Readonly<Record<string, unknown>>): Promise<{ readonly namespace: string, readonly keda: KedaPart }> {
  const namespace = await kube.namespace()
  const keda = await KedaPart.install(kube, namespace)
  await kube.admin.apply(deployment(namespace, office, 1))
  await kube.admin.apply(scaledObject('keda.sh', namespace, office, spec))
  keda.wishes.set(office, wish)
  await replicas(namespace, wish)
  return { namespace, keda }
}

test('a claim, our death in the middle of it, and a hand-back: never two writers, and no count moves because of any of it', async () => {
  const { namespace, keda } = await scene(3, { ...fast, advanced: { ...fast.advanced, restoreToOriginalReplicaCount: true }, triggers: [window(true, 3)] })
  const first = await runOperator(rights, '--namespace', namespace)
  await leftTo(namespace, 0, first)
  keda.isSlow = true
  await annotate(namespace, { 'autoscaling.keda.sh/paused': 'true', 'tidegate.dev/claim': 'true' })
  const blocked = await kube.admin.until<Scaled>(so(namespace), o => conditionOf(o, 'Ready')?.reason === 'TG_TARGET_CONFLICT')
  expect(conditionOf(blocked, 'Ready')?.message).toContain(`HorizontalPodAutoscaler ${namespace}/keda-hpa-office scales Deployment office too; nothing is written while it exists; pause KEDA`)
  await first.kill()
  const second = await runOperator(rights, '--namespace', namespace)
  await decided(second, 'SteadyState')
  keda.isSlow = false
  await second.line(l => l.msg === 'taken over')
  await kube.admin.until<Scaled>(so(namespace), o => conditionOf(o, 'Ready')?.status === 'True' && finalizersOf(o).includes('tidegate.dev/restore-replicas'))
  await countsWere(namespace, ['keda', 3])
  await kube.admin.patch(so(namespace), { spec: { triggers: [window(true, 5)] } })
  await replicas(namespace, 5)
  keda.wishes.set(office, 5)
  const from = second.log.length
  await annotate(namespace, { 'autoscaling.keda.sh/paused': null, 'tidegate.dev/claim': null })
  await leftTo(namespace, from, second)
  await kube.admin.until(autoscalerPath(namespace, 'keda-hpa-office'), hpa => hpa !== undefined)
  await kube.admin.until<Scaled>(so(namespace), o => finalizersOf(o).join() === 'finalizer.keda.sh' && o?.metadata.annotations?.['tidegate.dev/memory'] === undefined)
  keda.wishes.set(office, 2)
  await replicas(namespace, 2)
  await countsWere(namespace, ['keda', 3], ['tidegate', 5], ['keda', 2])
})

test('a claimed object whose source is quiet keeps the count that KEDA left for one full window', async () => {
  const { namespace } = await scene(4, { pollingInterval: 1, cooldownPeriod: 1, triggers: [window(false)] })
  await annotate(namespace, { 'autoscaling.keda.sh/paused': 'true', 'tidegate.dev/claim': 'true' })
  const run = await runOperator(rights, '--namespace', namespace)
  await decided(run, 'Adopted')
  await countsWere(namespace, ['keda', 4])
})

test('where KEDA is replaced, its objects are ours once it has gone and their sources were read; what it left goes then, and no count moves', async () => {
  await applyManifest(kube, 'deploy/components/take-over/cluster-role.yaml')
  const { namespace, keda } = await scene(3, { ...fast, triggers: [{ type: 'nats-jetstream', metadata: { natsServerMonitoringEndpoint: '127.0.0.1:1', account: '$G', stream: 'S', consumer: 'C' } }] })
  const bystander = { apiVersion: 'keda.sh/v1alpha1', kind: 'TriggerAuthentication', metadata: { namespace, name: 'login', finalizers: ['finalizer.keda.sh'] }, spec: { env: [{ parameter: 'a', name: 'A' }] } }
  await kube.admin.apply(bystander)
  const run = await runOperator(rights, '--namespace', namespace, '--keda', 'replace')
  await leftTo(namespace, 0, run)
  await keda.uninstall()
  await kube.admin.until<Scaled>(await kube.admin.pathOf(bystander), o => finalizersOf(o).length === 0)
  const waiting = await kube.admin.until<Scaled>(so(namespace), o => conditionOf(o, 'Ready')?.reason === 'TG_TARGET_CONFLICT')
  expect(conditionOf(waiting, 'Ready')?.message).toContain('is to be replaced by this object after the first good look at its sources')
  await decided(run, 'SourceFailed')
  await run.kill()
  expect(await kube.admin.get(autoscalerPath(namespace, 'keda-hpa-office'))).toBeDefined()
  expect(finalizersOf(await kube.admin.get<Scaled>(so(namespace)))).toContain('finalizer.keda.sh')
  await kube.admin.patch(so(namespace), { spec: { triggers: [window(true, 3)] } })
  const again = await runOperator(rights, '--namespace', namespace, '--keda', 'replace')
  await kube.admin.until(autoscalerPath(namespace, 'keda-hpa-office'), hpa => hpa === undefined)
  await kube.admin.until<Scaled>(so(namespace), o => finalizersOf(o).length === 0 && conditionOf(o, 'Ready')?.status === 'True')
  await decided(again, 'SteadyState')
  await countsWere(namespace, ['keda', 3])
  await kube.admin.patch(so(namespace), { spec: { triggers: [window(true, 6)] } })
  await replicas(namespace, 6)
  await countsWere(namespace, ['keda', 3], ['tidegate', 6])
})

test('an object that nobody can delete because KEDA is gone goes where KEDA is replaced, and gives its target back', async () => {
  const { namespace, keda } = await scene(3, { ...fast, advanced: { ...fast.advanced, restoreToOriginalReplicaCount: true }, triggers: [window(true, 3)] })
  await kube.admin.patch(`${so(namespace)}/status`, { status: { originalReplicaCount: 1 } })
  await keda.uninstall()
  await kube.admin.delete(autoscalerPath(namespace, 'keda-hpa-office'))
  await kube.admin.delete(so(namespace))
  expect((await kube.admin.get(so(namespace))).metadata.deletionTimestamp).toBeDefined()
  await runOperator(rights, '--namespace', namespace, '--keda', 'replace')
  await kube.admin.until(so(namespace), o => o === undefined)
  await countsWere(namespace, ['keda', 3], ['tidegate', 1])
})

test('an autoscaler whose place is taken goes after the first good decision, and its rates stay', async () => {
  await applyManifest(kube, 'deploy/components/take-over/cluster-role.yaml')
  const namespace = await kube.namespace()
  await kube.admin.apply(deployment(namespace, office, 2))
  const behavior = { scaleUp: { policies: [{ type: 'Pods', value: 1, periodSeconds: 600 }] } }
  await kube.admin.apply(autoscaler(namespace, 'by-hand', office, {}, { behavior }))
  const advanced = { horizontalPodAutoscalerConfig: { name: 'by-another-hand' } }
  await kube.admin.apply(scaledObject('keda.sh', namespace, office, { pollingInterval: 1, advanced, triggers: [window(true, 9)] }, { annotations: { 'scaledobject.keda.sh/transfer-hpa-ownership': 'true' } }))
  const run = await runOperator(rights, '--namespace', namespace)
  const refused = await kube.admin.until<Scaled>(so(namespace), o => conditionOf(o, 'Ready')?.reason === 'TG_TARGET_CONFLICT')
  expect(conditionOf(refused, 'Ready')?.message).toContain(`HorizontalPodAutoscaler ${namespace}/by-hand scales Deployment office too; nothing is written while it exists; name it in advanced.horizontalPodAutoscalerConfig.name`)
  await decided(run, 'Backlog')
  await kube.admin.patch(so(namespace), { spec: { advanced: { horizontalPodAutoscalerConfig: { name: 'by-hand' } } } })
  await kube.admin.until(autoscalerPath(namespace, 'by-hand'), hpa => hpa === undefined)
  await replicas(namespace, 3)
  await decided(run, 'RateLimited')
  await countsWere(namespace, ['tidegate', 3])
  expect((await kube.admin.get(so(namespace))).metadata.annotations?.['tidegate.dev/adopted-behavior']).toContain('"periodSeconds":600')
})

test('without the role for it nothing is taken over, and the object names the role', async () => {
  const path = '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/tidegate-take-over'
  await applyManifest(kube, 'deploy/components/take-over/cluster-role.yaml')
  await kube.admin.delete(path)
  const { namespace, keda } = await scene(3, { ...fast, triggers: [window(true, 3)] })
  await keda.uninstall()
  const run = await runOperator(rights, '--namespace', namespace, '--keda', 'replace')
  await run.statusUntil('ScaledObject', office, s => s.conditions.some(c => c.message.includes('it may not be deleted; deploy/components/take-over has the role for that')))
  await countsWere(namespace, ['keda', 3])
})

test('a target is given back when its object is deleted while we are down, and again when we are up; an object that does not ask has no finalizer', async () => {
  const namespace = await kube.namespace()
  await kube.admin.apply(deployment(namespace, office, 2))
  await kube.admin.apply(deployment(namespace, 'other', 2))
  const asking = scaledObject('keda.sh', namespace, office, { ...fast, advanced: { ...fast.advanced, restoreToOriginalReplicaCount: true }, triggers: [window(true, 4)] })
  await kube.admin.apply(asking)
  await kube.admin.apply(scaledObject('keda.sh', namespace, 'other', { ...fast, triggers: [window(true, 4)] }))
  const run = await runOperator(rights, '--namespace', namespace)
  await replicas(namespace, 4)
  const held = await kube.admin.until<Scaled>(so(namespace), o => finalizersOf(o).length > 0 && o?.status?.['originalReplicaCount'] === 2)
  expect(finalizersOf(held)).toEqual(['tidegate.dev/restore-replicas'])
  await kube.admin.until<Deployment>(deploymentPath(namespace, 'other'), d => d?.spec.replicas === 4)
  expect(finalizersOf(await kube.admin.get<Scaled>(scaledObjectPath('keda.sh', namespace, 'other')))).toEqual([])
  await run.kill()
  await kube.admin.delete(so(namespace))
  await runOperator(rights, '--namespace', namespace)
  await kube.admin.until(so(namespace), o => o === undefined)
  await replicas(namespace, 2)
  await kube.admin.apply(asking)
  await replicas(namespace, 4)
  await kube.admin.until<Scaled>(so(namespace), o => finalizersOf(o).length > 0)
  await kube.admin.delete(so(namespace))
  await kube.admin.until(so(namespace), o => o === undefined)
  await countsWere(namespace, ['tidegate', 4], ['tidegate', 2], ['tidegate', 4], ['tidegate', 2])
})

test('a Trigger whose function another autoscaler scales says so', async () => {
  const namespace = await kube.namespace()
  await kube.admin.apply(deployment(namespace, 'fn', 1, { ports: [{ containerPort: 8080 }] }))
  await kube.admin.apply(autoscaler(namespace, 'by-cpu', 'fn'))
  await kube.admin.apply({ apiVersion: 'tidegate.dev/v1alpha1', kind: 'Trigger', metadata: { namespace, name: 'tick' }, spec: { source: { cron: { schedule: '0 0 1 1 *' } }, function: { name: 'fn' } } })
  await runOperator(rights, '--namespace', namespace)
  const path = `/apis/tidegate.dev/v1alpha1/namespaces/${namespace}/triggers/tick`
  const told = await kube.admin.until<Scaled>(path, t => conditionOf(t, 'Ready')?.reason === 'TG_TARGET_CONFLICT')
  expect(conditionOf(told, 'Ready')).toMatchObject({ status: 'False', message: expect.stringContaining(`HorizontalPodAutoscaler ${namespace}/by-cpu scales Deployment`) as unknown })
  await kube.admin.delete(autoscalerPath(namespace, 'by-cpu'))
  await kube.admin.until<Scaled>(path, t => conditionOf(t, 'Ready')?.status === 'True')
})
