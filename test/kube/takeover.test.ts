import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../scenario/harness.js'
import { type KubeControlPlane, kubeControlPlane } from '../servers/kube.js'
import { askedBy, conditionOf, type Deployment, deployment, deploymentPath, fast, installKinds, installRights, runOperator, type Scaled, scaledObject, scaledObjectPath, window, writes } from './operator.js'

let kube: KubeControlPlane
let rights: string
beforeAll(async () => {
  kube = await kubeControlPlane()
  await installKinds(kube, 'keda.sh')
  rights = await installRights(kube)
})
afterAll(async () => { await kube.stop() })

const working = 'holding the lease: working'

test('a leader that is killed is followed by the other within five seconds, no count moves because of it, and the next change is acted on', async () => {
  const namespace = await kube.namespace()
  await kube.admin.apply(deployment(namespace, 'office', 0))
  await kube.admin.apply(scaledObject('keda.sh', namespace, 'office', { ...fast, triggers: [window(true, 3)] }))
  const leader = await runOperator(rights, '--namespace', namespace)
  await leader.line(l => l.msg === working)
  await kube.admin.until<Deployment>(deploymentPath(namespace, 'office'), d => d?.spec.replicas === 3 && d.status?.readyReplicas === 3)
  await kube.admin.until<Scaled>(scaledObjectPath('keda.sh', namespace, 'office'), so => conditionOf(so, 'Active')?.status === 'True')
  const standby = await runOperator(rights, '--namespace', namespace)
  expect(standby.log.some(l => l.msg === working)).toBe(false)
  const counts = async (): Promise<readonly unknown[]> => writes(await askedBy(kube)).filter(e => e.namespace === namespace && e.resource === 'deployments/scale').map(e => e.body)
  const before = await counts()
  const killedAt = performance.now()
  await leader.kill()
  await standby.line(l => l.msg === working)
  expect(performance.now() - killedAt).toBeLessThan(5000)
  await standby.statusUntil('ScaledObject', 'office', s => s.scaling?.current.ready === 3)
  expect(await counts()).toEqual(before)
  await kube.admin.patch(scaledObjectPath('keda.sh', namespace, 'office'), { spec: { triggers: [window(true, 5)] } })
  await kube.admin.until<Deployment>(deploymentPath(namespace, 'office'), d => d?.spec.replicas === 5)
  await until(async () => (await counts()).length > before.length) // the audit log has a request when its answer was sent
  expect(await counts()).toHaveLength(before.length + 1)
})

test('a leader that stops gives the lease back, and the other goes on at once', async () => {
  const namespace = await kube.namespace()
  const leader = await runOperator(rights, '--namespace', namespace)
  await leader.line(l => l.msg === working)
  const standby = await runOperator(rights, '--namespace', namespace)
  expect(await leader.stop()).toBe(0)
  const stoppedAt = performance.now()
  await standby.line(l => l.msg === working)
  expect(performance.now() - stoppedAt).toBeLessThan(2000)
})

test('an API server that goes away for longer than the lease, and comes back without its past, moves no count; the operator goes on', async () => {
  const namespace = await kube.namespace()
  await kube.admin.apply(deployment(namespace, 'office', 0))
  await kube.admin.apply(scaledObject('keda.sh', namespace, 'office', { ...fast, triggers: [window(true, 2)] }))
  const run = await runOperator(rights, '--namespace', namespace)
  await kube.admin.until<Deployment>(deploymentPath(namespace, 'office'), d => d?.spec.replicas === 2 && d.status?.readyReplicas === 2)
  const counts = async (): Promise<number> => writes(await askedBy(kube)).filter(e => e.namespace === namespace && e.resource === 'deployments/scale').length
  const before = await counts()
  const from = run.log.length
  await kube.killApiServer()
  await run.line(l => l.msg === 'the lease could not be renewed; trying again', 'an outage', from)
  await kube.compactEtcd()
  await kube.restartApiServer()
  await kube.admin.patch(scaledObjectPath('keda.sh', namespace, 'office'), { metadata: { annotations: { 'tidegate.dev/paused-replicas': '1' } } })
  await kube.admin.until<Deployment>(deploymentPath(namespace, 'office'), d => d?.spec.replicas === 1)
  await until(async () => await counts() > before)
  expect(await counts()).toBe(before + 1)
})
