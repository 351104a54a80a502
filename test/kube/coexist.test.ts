import { afterAll, beforeAll, expect, test } from 'vitest'
import { type KubeControlPlane, kubeControlPlane, type KubeObject } from '../servers/kube.js'
import { askedBy, conditionOf, type Deployment, deployment, deploymentPath, fast, installKinds, installRights, runOperator, type Scaled, scaledObject, scaledObjectPath, startOperator, window, writes } from './operator.js'
import { KedaPart } from './keda-part.js'
import { grant, permissionsIn } from './rbac/rights.js'

let kube: KubeControlPlane
let rights: string
beforeAll(async () => {
  kube = await kubeControlPlane()
  await installKinds(kube, 'keda.sh')
  rights = await installRights(kube)
})
afterAll(async () => { await kube.stop() })

const hpa = (namespace: string, name: string): KubeObject => ({
  apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { namespace, name },
  spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'office' }, minReplicas: 1, maxReplicas: 9, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }] },
})
const hpaPath = (namespace: string, name: string): string => `/apis/autoscaling/v2/namespaces/${namespace}/horizontalpodautoscalers/${name}`

async function kedasObject (): Promise<string> {
  const namespace = await kube.namespace()
  await kube.admin.apply(deployment(namespace, 'office', 1))
  await kube.admin.apply(scaledObject('keda.sh', namespace, 'office', { ...fast, triggers: [window(true, 4)] }, { finalizers: ['finalizer.keda.sh'] }))
  return namespace
}

test('an object that KEDA touched is left alone; with a claim it is ours as soon as KEDA\'s autoscaler is gone; without the claim it is KEDA\'s again', async () => {
  const namespace = await kedasObject()
  await kube.admin.apply(hpa(namespace, 'keda-hpa-office'))
  const path = scaledObjectPath('keda.sh', namespace, 'office')
  const run = await runOperator(rights, '--namespace', namespace)
  await run.line(l => l['why'] !== undefined && l['object'] === `ScaledObject ${namespace}/office`, 'left to KEDA')
  expect(writes(await askedBy(kube)).filter(e => e.namespace === namespace)).toEqual([])
  await kube.admin.patch(path, { metadata: { annotations: { 'autoscaling.keda.sh/paused': 'true', 'tidegate.dev/claim': 'true' } } })
  const blocked = await kube.admin.until<Scaled>(path, so => conditionOf(so, 'Ready')?.status === 'False')
  expect(conditionOf(blocked, 'Ready')).toMatchObject({ reason: 'TG_TARGET_CONFLICT', message: expect.stringContaining(`HorizontalPodAutoscaler ${namespace}/keda-hpa-office`) as unknown })
  expect((await kube.admin.get<Deployment>(deploymentPath(namespace, 'office'))).spec.replicas).toBe(1)
  await kube.admin.delete(hpaPath(namespace, 'keda-hpa-office'))
  await kube.admin.until<Deployment>(deploymentPath(namespace, 'office'), d => d?.spec.replicas === 4)
  const from = run.log.length
  await kube.admin.patch(path, { metadata: { annotations: { 'autoscaling.keda.sh/paused': null, 'tidegate.dev/claim': null } }, spec: { triggers: [window(true, 7)] } })
  await run.line(l => l['why'] !== undefined, 'handed back', from)
  expect((await run.statuses()).filter(s => s.ref.namespace === namespace)).toEqual([])
  expect((await kube.admin.get<Deployment>(deploymentPath(namespace, 'office'))).spec.replicas).toBe(4)
})

test('a KEDA that works from a namespace that we do not look at keeps its objects in ours', async () => {
  const [elsewhere, namespace] = [await kube.namespace(), await kube.namespace()]
  const keda = await KedaPart.install(kube, elsewhere)
  await kube.admin.apply(deployment(namespace, 'office', 1))
  await kube.admin.apply(scaledObject('keda.sh', namespace, 'office', { ...fast, triggers: [window(true, 4)] }))
  const run = await runOperator(rights, '--namespace', namespace)
  await run.line(l => l['object'] === `ScaledObject ${namespace}/office` && l['why'] === 'a keda-operator is at work in this cluster', 'left to KEDA')
  expect((await kube.admin.get<Deployment>(deploymentPath(namespace, 'office'))).spec.replicas).toBe(1)
  await keda.uninstall()
  await kube.admin.until<Deployment>(deploymentPath(namespace, 'office'), d => d?.spec.replicas === 4)
})

test('who may not see whether a KEDA is at work elsewhere gives it time to mark a new object, and replaces nothing', async () => {
  const namespace = await kube.namespace()
  const blind = await grant(kube, namespace, permissionsIn('deploy/manifests'), { seesKeda: false })
  const refused = startOperator(blind, '--namespace', namespace, '--lease-namespace', namespace, '--keda', 'replace')
  await refused.line(l => l.msg.includes('a KEDA that works from another namespace could not be seen'))
  expect(await refused.exited).toBe(1)
  await runOperator(blind, '--namespace', namespace, '--lease-namespace', namespace)
  await kube.admin.apply(deployment(namespace, 'office', 1))
  await kube.admin.apply(scaledObject('keda.sh', namespace, 'office', { ...fast, triggers: [window(true, 4)] }))
  const { metadata } = await kube.admin.get(scaledObjectPath('keda.sh', namespace, 'office'))
  await kube.admin.until<Deployment>(deploymentPath(namespace, 'office'), d => d?.spec.replicas === 4)
  expect(Date.now() - Date.parse(String(metadata['creationTimestamp']))).toBeGreaterThan(9_900)
})

test('a foreign autoscaler on the same target makes us stop, and the condition names it', async () => {
  const namespace = await kube.namespace()
  await kube.admin.apply(deployment(namespace, 'office', 1))
  await kube.admin.apply(scaledObject('keda.sh', namespace, 'office', { ...fast, triggers: [window(true, 2)] }))
  await runOperator(rights, '--namespace', namespace)
  await kube.admin.until<Deployment>(deploymentPath(namespace, 'office'), d => d?.spec.replicas === 2)
  await kube.admin.apply(hpa(namespace, 'by-cpu'))
  const path = scaledObjectPath('keda.sh', namespace, 'office')
  const blocked = await kube.admin.until<Scaled>(path, so => conditionOf(so, 'Ready')?.status === 'False')
  expect(conditionOf(blocked, 'Ready')?.message).toContain(`HorizontalPodAutoscaler ${namespace}/by-cpu`)
  await kube.admin.patch(path, { spec: { triggers: [window(true, 5)] } })
  await kube.admin.delete(hpaPath(namespace, 'by-cpu'))
  await kube.admin.until<Deployment>(deploymentPath(namespace, 'office'), d => d?.spec.replicas === 5)
})

test('a shadow decides what it would do, KEDA\'s objects included, and writes nothing at all', async () => {
  const namespace = await kedasObject()
  const begin = writes(await kube.auditLog()).filter(e => e.userAgent.startsWith('tidegate/')).length
  const run = await runOperator(rights, '--namespace', namespace, '--shadow')
  const status = await run.statusUntil('ScaledObject', 'office', s => s.scaling?.decision.replicas === 4)
  expect(status.scaling?.current.spec).toBe(1)
  expect(await run.stop()).toBe(0)
  expect(writes(await kube.auditLog()).filter(e => e.userAgent.startsWith('tidegate/'))).toHaveLength(begin)
  expect((await kube.admin.get<Deployment>(deploymentPath(namespace, 'office'))).spec.replicas).toBe(1)
})
