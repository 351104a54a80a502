import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { median } from '../../bench/lib/stats.js'
import { type Run, until } from '../scenario/harness.js'
import { type AuditEntry, type KubeControlPlane, kubeControlPlane } from '../servers/kube.js'
import { metricsServer } from '../servers/metrics.js'
import { askedBy, conditionOf, type Deployment, deployment, deploymentPath, fast, installKinds, installRights, runOperator, startOperator, type Scaled, scaledObject, scaledObjectPath, window, writes } from './operator.js'

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

const rounds = 50
/** From the wish to create one to the kill: at any point of what a decision brings about. */
const untilKilled = (round: number): Promise<void> => sleep(round * 37 % 400)

/** A leader or one who waits for its turn, and the file that its decisions go to. */
interface Member { readonly run: Run, readonly decisions: string }

async function member (folder: string, name: string): Promise<Member> {
  const decisions = join(folder, name)
  const run = startOperator(rights, '--record', decisions)
  return { run, decisions }
}

const hasDecided = ({ decisions }: Member): boolean => existsSync(decisions) && statSync(decisions).size > 0

/** Three counts that are to stay: of an open window, of a backlog, and one that only the memory of a backlog holds up. */
async function steadyCounts (namespace: string): Promise<void> {
  const held = await metricsServer(50)
  const steady = await metricsServer(25)
  onTestFinished(async () => { await Promise.all([held.stop(), steady.stop()]) })
  const byNumber = ({ url }: { readonly url: string }): object => ({ type: 'metrics-api', metadata: { url, valueLocation: 'value', targetValue: '10' } })
  const hour = { pollingInterval: 1, cooldownPeriod: 3600, advanced: { horizontalPodAutoscalerConfig: { behavior: { scaleDown: { stabilizationWindowSeconds: 3600 } } } } }
  const objects = [['office', { ...fast, triggers: [window(true, 2)] }, 2], ['steady', { ...fast, triggers: [byNumber(steady)] }, 3], ['held', { ...hour, triggers: [byNumber(held)] }, 5]] as const
  for (const [name, spec] of objects) {
    await kube.admin.apply(deployment(namespace, name, 0))
    await kube.admin.apply(scaledObject('keda.sh', namespace, name, spec))
  }
  for (const [name, , replicas] of objects) await kube.admin.until<Deployment>(deploymentPath(namespace, name), d => d?.spec.replicas === replicas)
  held.set(0)
  const asked = held.asked.length
  await until(() => held.asked.length > asked + 1)
}

test(`kill -9 of the leader, ${rounds} rounds: another decides within five seconds, no count moves, no job is made twice`, { timeout: 900_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-rounds-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const namespace = await kube.namespace()
  let members = [await member(folder, 'first')]
  await members[0]?.run.line(l => l.msg === working)
  await steadyCounts(namespace)
  const wanted = await metricsServer(0)
  onTestFinished(() => wanted.stop())
  await kube.admin.apply({
    apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledJob', metadata: { namespace, name: 'batch' },
    spec: {
      jobTargetRef: { template: { spec: { containers: [{ name: 'work', image: 'work' }] } } }, pollingInterval: 1, maxReplicaCount: 1000,
      triggers: [{ type: 'metrics-api', metadata: { url: wanted.url, valueLocation: 'value', targetValue: '1' } }],
    },
  })
  const writesOf = async (resource: string): Promise<readonly AuditEntry[]> => writes(await askedBy(kube)).filter(e => e.namespace === namespace && e.resource === resource && e.status < 300)
  const before = (await writesOf('deployments/scale')).length
  members = [...members, await member(folder, 'second'), await member(folder, 'third')]
  await Promise.all(members.map(({ run }) => run.ready()))
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const [leader, ...others] = members
    wanted.set(round + 1)
    await untilKilled(round)
    const next = member(folder, `round-${round}`)
    const killedAt = performance.now()
    await leader?.run.kill()
    await until(() => others.some(hasDecided))
    times.push(performance.now() - killedAt)
    const heir = others.find(hasDecided)
    members = [...heir === undefined ? [] : [heir], ...others.filter(other => other !== heir), await next]
    await members[1]?.run.ready()
  }
  await until(async () => (await writesOf('jobs')).filter(e => e.verb === 'create').length >= rounds)
  const asked = wanted.asked.length
  await until(() => wanted.asked.length > asked + 2) // who would make one too many has looked
  expect((await kube.admin.get<{ readonly items: readonly unknown[] }>(`/apis/batch/v1/namespaces/${namespace}/jobs`)).items).toHaveLength(rounds)
  expect((await writesOf('deployments/scale')).length).toBe(before)
  expect(median(times)).toBeLessThan(5000)
})
