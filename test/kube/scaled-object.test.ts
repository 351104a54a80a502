import { afterAll, beforeAll, expect, test } from 'vitest'
import { until } from '../scenario/harness.js'
import { type KubeControlPlane, kubeControlPlane, type KubeObject } from '../servers/kube.js'
import { KedaPart } from './keda-part.js'
import { askedBy, conditionOf, type Deployment, deployment, deploymentPath, fast, installKinds, installRights, runOperator, type Scaled, scaledObject, scaledObjectPath, window, writes } from './operator.js'

let kube: KubeControlPlane
let rights: string
beforeAll(async () => {
  kube = await kubeControlPlane()
  await installKinds(kube, 'keda.sh', 'tidegate.dev')
  rights = await installRights(kube)
})
afterAll(async () => { await kube.stop() })

const office = 'office'
const broken = { type: 'nats-jetstream', authenticationRef: { name: 'login' }, metadata: { natsServerMonitoringEndpoint: '127.0.0.1:1', account: '$G', stream: 'S', consumer: 'C' } }

async function eventsOf (namespace: string): Promise<readonly (readonly [string, string])[]> {
  const { items } = await kube.admin.get<{ readonly items: readonly (KubeObject & { readonly reason: string, readonly note: string })[] }>(`/apis/events.k8s.io/v1/namespaces/${namespace}/events`)
  return items.filter(e => (e['regarding'] as { readonly kind: string }).kind === 'ScaledObject').map(({ reason, note }) => [reason, note])
}

async function told (namespace: string, ...expected: readonly (readonly [string, string])[]): Promise<void> {
  let events: Awaited<ReturnType<typeof eventsOf>> = []
  await until(async () => (events = await eventsOf(namespace), expected.every(([reason, note]) => events.some(([r, n]) => r === reason && n.startsWith(note)))), () => `events ${JSON.stringify(expected)}; there are ${JSON.stringify(events)}`)
}

test.each(['keda.sh', 'tidegate.dev'])('the status of an object of %s has what KEDA\'s users read there, and its events tell what turned', async group => {
  const namespace = await kube.namespace()
  await kube.admin.apply(deployment(namespace, office, 1))
  await kube.admin.apply(scaledObject(group, namespace, office, { ...fast, fallback: { failureThreshold: 1, replicas: 4 }, triggers: [window(true, 2), broken] }))
  await kube.admin.apply({ apiVersion: `${group}/v1alpha1`, kind: 'TriggerAuthentication', metadata: { namespace, name: 'login' }, spec: { env: [{ parameter: 'x', name: 'X' }] } })
  await runOperator(rights, '--namespace', namespace)
  const path = scaledObjectPath(group, namespace, office)
  const falling = await kube.admin.until<Scaled>(path, o => conditionOf(o, 'Fallback')?.status === 'True')
  const [metric = ''] = (falling?.status?.['externalMetricNames'] ?? []) as readonly string[]
  expect(metric).toMatch(/^s0-cron-/)
  expect(falling?.status).toMatchObject({
    scaleTargetKind: 'apps/v1.Deployment', scaleTargetGVKR: { group: 'apps', version: 'v1', kind: 'Deployment', resource: 'deployments' },
    originalReplicaCount: 1, triggersTypes: 'cron,nats-jetstream', authenticationsTypes: 'login', lastActiveTime: expect.stringMatching(/^\d{4}-.*Z$/) as unknown,
    health: { [metric]: { numberOfFailures: 0, status: 'Happy' } }, triggersActivity: { [metric]: { isActive: true } },
  })
  await told(namespace, ['KEDAScalersStarted', 'Started scalers watch'], ['KEDAScalersStarted', 'Scaler nats-jetstream is built'], ['KEDAScalerFailed', 'Some triggers defined in ScaledObject'], ['ScaledObjectFallbackActivated', 'ScaledObject fallback is active: At least one trigger is falling back on this scaled object: s1 failed'])
  await kube.admin.patch(path, { metadata: { annotations: { 'autoscaling.keda.sh/paused-replicas': '3' } } })
  await kube.admin.until<Scaled>(path, o => o?.status?.['pausedReplicaCount'] === 3 && conditionOf(o, 'Paused')?.status === 'True')
  await kube.admin.until<Deployment>(deploymentPath(namespace, office), d => d?.spec.replicas === 3)
  await kube.admin.until<Scaled>(path, o => conditionOf(o, 'Active')?.message === 'Scaling is not performed because ScaledObject is paused at 3 replicas')
  const soon = new Date(Date.now() + 3000).toISOString()
  await kube.admin.patch(path, { metadata: { annotations: { 'tidegate.dev/paused-until': soon } } })
  await kube.admin.until<Scaled>(path, o => o?.status?.['pausedReplicaCount'] === undefined && conditionOf(o, 'Paused')?.status === 'False')
  expect(Date.now() - Date.parse(soon)).toBeLessThan(4000)
  await told(namespace, ['ScaledObjectPaused', 'ScaledObject is paused at 3 replicas'], ['ScaledObjectPaused', `ScaledObject is paused at 3 replicas until ${soon}`], ['ScaledObjectUnpaused', 'pause annotation removed for ScaledObject'])
  const [row] = await kube.admin.table(`/apis/${group}/v1alpha1/namespaces/${namespace}/scaledobjects`)
  expect(row).toMatchObject(group === 'keda.sh'
    ? { ScaleTargetKind: 'apps/v1.Deployment', ScaleTargetName: office, Ready: 'Unknown', Active: 'True', Fallback: 'True', Paused: 'False', Triggers: 'cron,nats-jetstream', Authentications: 'login' }
    : { Target: office, Ready: 'Unknown', Reason: 'PartialTriggerError', Active: 'True', Because: 'ScalerActive' })
})

test('a restart turns nothing: no condition moves, no event is told again, and an idle object is not written', async () => {
  const namespace = await kube.namespace()
  await kube.admin.apply(deployment(namespace, office, 0))
  await kube.admin.apply(scaledObject('keda.sh', namespace, office, { ...fast, triggers: [window(false)] }))
  const first = await runOperator(rights, '--namespace', namespace)
  await kube.admin.until<Scaled>(scaledObjectPath('keda.sh', namespace, office), o => conditionOf(o, 'Ready')?.status === 'True')
  await told(namespace, ['ScaledObjectReady', 'ScaledObject is ready for scaling'])
  expect(await first.stop()).toBe(0)
  const before = (await askedBy(kube)).length
  const second = await runOperator(rights, '--namespace', namespace)
  for (let looks = 0; looks < 3; looks++) {
    const { scaling } = await second.statusUntil('ScaledObject', office, s => s.scaling !== undefined)
    await second.statusUntil('ScaledObject', office, s => (s.scaling?.decidedAt ?? 0) > (scaling?.decidedAt ?? 0))
  }
  expect(writes((await askedBy(kube)).slice(before)).filter(e => e.namespace === namespace)).toEqual([])
})

test('a target that is not there and one that cannot be scaled are told apart, in KEDA\'s words', async () => {
  const namespace = await kube.namespace()
  await kube.admin.apply(scaledObject('keda.sh', namespace, 'gone', { ...fast, triggers: [window(true)] }))
  await kube.admin.apply(scaledObject('keda.sh', namespace, 'daemon', { ...fast, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'daemon' }, triggers: [window(true)] }))
  await runOperator(rights, '--namespace', namespace)
  const words = 'ScaledObject doesn\'t have correct scaleTargetRef specification'
  await told(namespace, ['ScaledObjectCheckFailed', 'Target resource doesn\'t exist'], ['ScaledObjectCheckFailed', 'Target resource doesn\'t expose /scale subresource'], ['ScaledObjectCheckFailed', words])
  const daemon = await kube.admin.until<Scaled>(scaledObjectPath('keda.sh', namespace, 'daemon'), o => conditionOf(o, 'Ready')?.message.includes('has no scale subresource') === true)
  expect(conditionOf(daemon, 'Ready')).toMatchObject({ status: 'False', reason: 'ScaledObjectCheckFailed' })
})

test('two objects of one target: the younger one says that it scales nothing, in its conditions, an event and the log; a target that goes away is told too', async () => {
  const namespace = await kube.namespace()
  await kube.admin.apply(deployment(namespace, office, 1))
  await kube.admin.apply(scaledObject('keda.sh', namespace, 'a-first', { ...fast, scaleTargetRef: { name: office }, triggers: [window(true)] }))
  await kube.admin.apply(scaledObject('keda.sh', namespace, 'b-second', { ...fast, scaleTargetRef: { name: office }, triggers: [window(true)] }))
  const run = await runOperator(rights, '--namespace', namespace)
  const second = await kube.admin.until<Scaled>(scaledObjectPath('keda.sh', namespace, 'b-second'), o => conditionOf(o, 'Ready')?.reason === 'TG_TARGET_CONFLICT')
  expect(conditionOf(second, 'Active')).toMatchObject({ status: 'False', reason: 'TG_TARGET_CONFLICT', message: expect.stringMatching(/^Scaling is not performed: .* is scaled by ScaledObject a-first/) as unknown })
  await told(namespace, ['ScaledObjectCheckFailed', `TG_TARGET_CONFLICT Deployment ${namespace}/office is scaled by ScaledObject a-first`])
  await run.line(l => l.msg === 'not working' && l['object'] === `ScaledObject ${namespace}/b-second`)
  await kube.admin.until<Scaled>(scaledObjectPath('keda.sh', namespace, 'a-first'), o => conditionOf(o, 'Active')?.status === 'True')
  await kube.admin.delete(deploymentPath(namespace, office))
  const first = await kube.admin.until<Scaled>(scaledObjectPath('keda.sh', namespace, 'a-first'), o => conditionOf(o, 'Active')?.status === 'False')
  expect(conditionOf(first, 'Active')).toMatchObject({ reason: 'ScaledObjectCheckFailed', message: expect.stringContaining('does not exist') as unknown })
  await told(namespace, ['ScaledObjectCheckFailed', 'Target resource doesn\'t exist'])
  await run.line(l => l.msg === 'not working' && l['object'] === `ScaledObject ${namespace}/a-first`)
})

test('a shadow says what KEDA did and what we would have done, in its status, its log and its metrics, and writes nothing', async () => {
  const namespace = await kube.namespace()
  const keda = await KedaPart.install(kube, namespace)
  await kube.admin.apply(deployment(namespace, office, 1))
  await kube.admin.apply(scaledObject('keda.sh', namespace, office, { ...fast, triggers: [window(true, 4)] }))
  const begin = writes(await askedBy(kube)).length
  const run = await runOperator(rights, '--namespace', namespace, '--shadow')
  await run.statusUntil('ScaledObject', office, s => s.scaling?.comparison?.it === 1 && s.scaling.comparison.we === 4)
  keda.wishes.set(office, 3)
  const did = await run.line(l => l.msg === 'shadow: it did')
  expect(did).toMatchObject({ target: `Deployment ${namespace}/office`, from: 1, to: 3, we: 4 })
  const { scaling } = await run.statusUntil('ScaledObject', office, s => (s.scaling?.comparison?.itReplicaSeconds ?? 0) > 3)
  expect(scaling?.comparison).toMatchObject({ it: 3, we: 4, changes: expect.arrayContaining([expect.objectContaining({ by: 'it', from: 1, to: 3, other: 4 })]) as unknown })
  expect(scaling?.comparison?.weReplicaSeconds).toBeGreaterThan(scaling?.comparison?.itReplicaSeconds ?? Infinity)
  const address = String(run.log.find(l => l.msg === 'ready')?.['address'])
  expect(await (await fetch(`${address}/metrics`)).text()).toContain(`tidegate_shadow_replicas{namespace="${namespace}",scaled_object="office",by="we"} 4`)
  expect(run.log.some(l => l.msg === 'scaled')).toBe(false)
  expect(await run.stop()).toBe(0)
  expect(writes(await askedBy(kube))).toHaveLength(begin)
})
