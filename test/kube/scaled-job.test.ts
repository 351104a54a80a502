import { QueueServiceClient } from '@azure/storage-queue'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { Run, until } from '../scenario/harness.js'
import { azurite } from '../servers/azurite.js'
import { type KubeControlPlane, kubeControlPlane, type KubeObject } from '../servers/kube.js'
import { metricsServer, type MetricsServer } from '../servers/metrics.js'
import { askedBy, conditionOf, installKinds, installRights, type Scaled, window, writes } from './operator.js'

let kube: KubeControlPlane
let rights: string
let operator: Run
const start = async (): Promise<void> => {
  operator = new Run(['operator', '--kubeconfig', rights, '--port', '0', '--lease-namespace', 'tidegate'])
  await operator.ready()
  await operator.line(l => l.msg === 'holding the lease: working')
}
beforeAll(async () => {
  kube = await kubeControlPlane()
  await installKinds(kube, 'keda.sh', 'tidegate.dev')
  rights = await installRights(kube)
  await start()
})
afterAll(async () => {
  await operator.stop()
  await kube.stop()
})

type Values = Readonly<Record<string, unknown>>
type Job = KubeObject & { readonly spec: Values, readonly status?: { readonly active?: number, readonly succeeded?: number } }
type Pod = KubeObject & { readonly status?: { readonly phase?: string } }

/** A ScaledJob whose pods do what their script says: nothing, unless one is given. */
function scaledJob (namespace: string, name: string, triggers: readonly Values[], spec: Values = {}, { script = {}, env = [], group = 'keda.sh', ...metadata }: { readonly script?: Values, readonly env?: readonly Values[], readonly group?: string, readonly [key: string]: unknown } = {}): KubeObject {
  return {
    apiVersion: `${group}/v1alpha1`, kind: 'ScaledJob', metadata: { namespace, name, ...metadata },
    spec: {
      jobTargetRef: { template: { metadata: { annotations: script }, spec: { containers: [{ name: 'work', image: 'work', env }] } } },
      pollingInterval: 1, triggers, ...spec,
    },
  }
}
const scaledJobPath = (namespace: string, name: string, group = 'keda.sh'): string => `/apis/${group}/v1alpha1/namespaces/${namespace}/scaledjobs/${name}`
const labelled = (name: string): string => `labelSelector=${encodeURIComponent(`scaledjob.keda.sh/name=${name}`)}`
const jobsOf = async (namespace: string, name: string): Promise<readonly Job[]> =>
  (await kube.admin.get<{ readonly items: readonly Job[] }>(`/apis/batch/v1/namespaces/${namespace}/jobs?${labelled(name)}`)).items
const podsOf = async (namespace: string, name: string): Promise<readonly Pod[]> =>
  (await kube.admin.get<{ readonly items: readonly Pod[] }>(`/api/v1/namespaces/${namespace}/pods?${labelled(name)}`)).items
const jobs = (namespace: string, name: string, count: number): Promise<void> =>
  until(async () => (await jobsOf(namespace, name)).length === count, () => `${count} jobs of ${name}\n${operator.tail()}`)
const conditions = (namespace: string, name: string, likes: (sj: Scaled | undefined) => boolean): Promise<Scaled | undefined> => kube.admin.until<Scaled>(scaledJobPath(namespace, name), likes)
/** Looks that have happened: what was to be created is there by then. */
async function looks (source: MetricsServer, more: number): Promise<void> {
  const target = source.asked.length + more
  await until(() => source.asked.length >= target)
}
async function number (value: number): Promise<MetricsServer> {
  const source = await metricsServer(value)
  onTestFinished(() => source.stop())
  return source
}
const trigger = ({ url }: { readonly url: string }): Values => ({ type: 'metrics-api', metadata: { url, valueLocation: 'value', targetValue: '1' } })

test('scaling_strategies/accurate: azure-queue, an init container takes one message, then the job sleeps: 4, 8, and at most 10', async () => {
  const storage = await azurite()
  onTestFinished(() => storage.stop())
  const queue = QueueServiceClient.fromConnectionString(storage.connectionString).getQueueClient('work')
  await queue.create()
  const namespace = await kube.namespace()
  await kube.admin.apply({ apiVersion: 'v1', kind: 'Secret', metadata: { namespace, name: 'storage' }, stringData: { connection: storage.connectionString } })
  const env = [{ name: 'CONNECTION', valueFrom: { secretKeyRef: { name: 'storage', key: 'connection' } } }]
  await kube.admin.apply(scaledJob(namespace, 'accurate', [{ type: 'azure-queue', metadata: { queueName: 'work', queueLength: '1', connectionFromEnv: 'CONNECTION' } }],
    { maxReplicaCount: 10, scalingStrategy: { strategy: 'accurate' } }, { env, script: { 'kubelet.test/start-after': 'never' } }))
  const begun = new Set<string>()
  for (const [sent, expected] of [[4, 4], [4, 8], [4, 10]] as const) {
    for (let i = 0; i < sent; i++) await queue.sendMessage('x')
    let pending: readonly Pod[] = []
    await until(async () => (pending = (await podsOf(namespace, 'accurate')).filter(pod => !begun.has(pod.metadata.name))).length === expected - begun.size, () => operator.tail())
    for (const { metadata: { name } } of pending) {
      const { receivedMessageItems: [message] } = await queue.receiveMessages()
      if (message !== undefined) await queue.deleteMessage(message.messageId, message.popReceipt)
      begun.add(name)
    }
    for (const { metadata: { name } } of pending) await kube.kubelet.begin(namespace, name)
    await until(async () => (await jobsOf(namespace, 'accurate')).length === expected)
  }
  const status = await operator.statusUntil('ScaledJob', 'accurate', s => s.jobs?.counts?.running === 10 && s.jobs.counts.pending === 0 && s.jobs.decision.reason === 'AtMaximum')
  expect(status.jobs?.decision.create).toBe(0)
})

test('scaling_strategies/eager: fills up to the maximum while there is work', async () => {
  const namespace = await kube.namespace()
  const source = await number(4)
  await kube.admin.apply(scaledJob(namespace, 'eager', [trigger(source)], { maxReplicaCount: 10, scalingStrategy: { strategy: 'eager' } }))
  await jobs(namespace, 'eager', 10)
  await looks(source, 2)
  expect(await jobsOf(namespace, 'eager')).toHaveLength(10)
})

test('min_replica_sj: the minimum, and beside it what the source asks for', async () => {
  const namespace = await kube.namespace()
  const rows = [[2, 10, 0, 2], [1, undefined, 1, 2], [2, 1, 0, 1], [2, 4, 3, 4]] as const
  const sources = await Promise.all(rows.map(([,, value]) => number(value)))
  for (const [i, [minReplicaCount, maxReplicaCount]] of rows.entries()) {
    const source = sources[i]
    if (source !== undefined) await kube.admin.apply(scaledJob(namespace, `min-${i}`, [trigger(source)], { minReplicaCount, ...(maxReplicaCount === undefined ? {} : { maxReplicaCount }) }))
  }
  for (const [i, [,,, expected]] of rows.entries()) await jobs(namespace, `min-${i}`, expected)
  for (const source of sources) await looks(source, 2)
  for (const [i, [,,, expected]] of rows.entries()) expect(await jobsOf(namespace, `min-${i}`)).toHaveLength(expected)
})

describe('scaled_job_conditions', () => {
  test('true, false and unknown', async () => {
    const namespace = await kube.namespace()
    const [good, broken] = [await number(3), await number(1)]
    broken.answer(500, 'no')
    await kube.admin.apply(scaledJob(namespace, 'good', [trigger(good)]))
    await kube.admin.apply(scaledJob(namespace, 'broken', [trigger(broken)]))
    await kube.admin.apply(scaledJob(namespace, 'partial', [trigger(good), trigger(broken)]))
    const works = await conditions(namespace, 'good', sj => conditionOf(sj, 'Active')?.status === 'True')
    expect(conditionOf(works, 'Ready')).toMatchObject({ status: 'True', reason: 'ScaledJobReady', message: 'ScaledJob is defined correctly and is ready for scaling' })
    expect(conditionOf(works, 'Active')).toMatchObject({ reason: 'ScalerActive', message: 'Scaling is performed because triggers are active' })
    expect(works?.status).toMatchObject({ triggersTypes: 'metrics-api', authenticationsTypes: '', lastActiveTime: expect.stringMatching(/Z$/) as unknown })
    await jobs(namespace, 'good', 3)
    const fails = await conditions(namespace, 'broken', sj => conditionOf(sj, 'Ready')?.status === 'False')
    expect(conditionOf(fails, 'Ready')).toMatchObject({ reason: 'TriggerError', message: expect.stringContaining('Triggers defined in ScaledJob are not working correctly') as unknown })
    expect(conditionOf(fails, 'Active')).toMatchObject({ status: 'False', reason: 'ScalerNotActive' })
    expect(await jobsOf(namespace, 'broken')).toEqual([])
    const partly = await conditions(namespace, 'partial', sj => conditionOf(sj, 'Ready')?.reason === 'PartialTriggerError')
    expect([conditionOf(partly, 'Ready')?.status, conditionOf(partly, 'Active')?.status]).toEqual(['Unknown', 'True'])
    await jobs(namespace, 'partial', 3)
  })

  test('what kubectl shows, in KEDA\'s columns and in ours', async () => {
    const namespace = await kube.namespace()
    for (const group of ['keda.sh', 'tidegate.dev']) {
      await kube.admin.apply(scaledJob(namespace, 'shown', [window(true, 1)], { maxReplicaCount: 1 }, { group }))
      await kube.admin.until<Scaled>(scaledJobPath(namespace, 'shown', group), sj => conditionOf(sj, 'Active')?.status === 'True' && conditionOf(sj, 'Ready')?.status === 'True')
      const [row] = await kube.admin.table(`/apis/${group}/v1alpha1/namespaces/${namespace}/scaledjobs`)
      if (group === 'keda.sh') expect(row).toMatchObject({ Name: 'shown', Max: 1, Ready: 'True', Active: 'True', Paused: 'False', Triggers: 'cron' })
      else expect(row).toMatchObject({ Name: 'shown', Max: 1, Ready: 'True', Reason: 'ScaledJobReady', Active: 'True', Because: 'ScalerActive' })
      await kube.admin.delete(scaledJobPath(namespace, 'shown', group))
    }
  })
})

test('a Job is KEDA\'s in all but its name, which follows from the decision; excluded labels are left out; it goes with its object', async () => {
  const namespace = await kube.namespace()
  const source = await number(2)
  const applied = await kube.admin.apply(scaledJob(namespace, 'shape', [trigger(source)], {}, { labels: { team: 'a', secret: 'b' }, annotations: { note: 'mine', 'scaledjob.keda.sh/job-excluded-labels': 'secret,other' } }))
  await jobs(namespace, 'shape', 2)
  const [job] = await jobsOf(namespace, 'shape')
  expect(job?.metadata).toMatchObject({
    name: expect.stringMatching(/^shape-[0-9a-z]+-[0-9a-z]+-[01]$/) as unknown,
    labels: { team: 'a', 'scaledjob.keda.sh/name': 'shape', 'app.kubernetes.io/managed-by': 'tidegate' },
    annotations: { note: 'mine', 'scaledjob.keda.sh/generation': '1' },
    ownerReferences: [{ kind: 'ScaledJob', name: 'shape', uid: applied.metadata.uid, controller: true }],
  })
  expect(job?.metadata.labels).not.toHaveProperty('secret')
  expect(job?.metadata.annotations).not.toHaveProperty('tidegate.dev/memory')
  expect(job?.spec).toMatchObject({ template: { metadata: { labels: { 'scaledjob.keda.sh/name': 'shape' } }, spec: { restartPolicy: 'OnFailure' } } })
  await until(async () => (await kube.admin.get<{ readonly items: readonly Values[] }>(`/apis/events.k8s.io/v1/namespaces/${namespace}/events`)).items
    .filter(event => event['reason'] === 'KEDAJobsCreated' && event['note'] === 'Created 2 jobs').length === 1)
  await kube.admin.delete(scaledJobPath(namespace, 'shape'))
  await jobs(namespace, 'shape', 0)
})

test('pause_scaledjob: the running job finishes and no other comes; without the annotation, or with "false", they come again', async () => {
  const namespace = await kube.namespace()
  const source = await number(1)
  const path = scaledJobPath(namespace, 'paused')
  const pause = (value: string | null): Promise<unknown> => kube.admin.patch(path, { metadata: { annotations: { 'autoscaling.keda.sh/paused': value } } })
  const finish = async (): Promise<void> => {
    for (const pod of await podsOf(namespace, 'paused')) if (pod.status?.phase === 'Running') await kube.kubelet.finish(namespace, pod.metadata.name)
  }
  await kube.admin.apply(scaledJob(namespace, 'paused', [trigger(source)], { successfulJobsHistoryLimit: 0 }))
  await until(async () => (await podsOf(namespace, 'paused')).some(pod => pod.status?.phase === 'Running'))
  for (const resume of [null, 'false']) {
    await pause('true')
    await conditions(namespace, 'paused', sj => conditionOf(sj, 'Paused')?.reason === 'ScaledJobPaused')
    const before = (await jobsOf(namespace, 'paused')).map(job => job.metadata.name)
    await finish()
    await until(async () => (await jobsOf(namespace, 'paused')).every(job => (job.status?.active ?? 0) === 0))
    expect((await jobsOf(namespace, 'paused')).map(job => job.metadata.name)).toEqual(before) // paused: no new one, and no history is cleaned up
    await pause(resume)
    await until(async () => (await podsOf(namespace, 'paused')).some(pod => pod.status?.phase === 'Running' && !before.some(name => pod.metadata.name.startsWith(name))), () => operator.tail())
  }
})

describe('rollout', () => {
  const edit = { spec: { jobTargetRef: { template: { spec: { containers: [{ name: 'work', image: 'next' }] } } } } }
  test('immediate deletes the jobs of the spec before the edit, and gradual lets them run', async () => {
    const namespace = await kube.namespace()
    const source = await number(2)
    await kube.admin.apply(scaledJob(namespace, 'at-once', [trigger(source)]))
    await kube.admin.apply(scaledJob(namespace, 'in-time', [trigger(source)], { rollout: { strategy: 'gradual' } }))
    await jobs(namespace, 'at-once', 2)
    await jobs(namespace, 'in-time', 2)
    const old = (await jobsOf(namespace, 'in-time')).map(job => job.metadata.name)
    for (const name of ['at-once', 'in-time']) await kube.admin.patch(scaledJobPath(namespace, name), edit)
    await until(async () => {
      const all = await jobsOf(namespace, 'at-once')
      return all.length === 2 && all.every(job => job.metadata.annotations?.['scaledjob.keda.sh/generation'] === '2')
    }, () => operator.tail())
    await looks(source, 4)
    expect((await jobsOf(namespace, 'in-time')).map(job => job.metadata.name)).toEqual(old)
  })
})

test('external_scaler_sj: jobs that finish are cleaned up at once where no history is kept', async () => {
  const namespace = await kube.namespace()
  const source = await number(3)
  await kube.admin.apply(scaledJob(namespace, 'short', [trigger(source)], { maxReplicaCount: 3, successfulJobsHistoryLimit: 0, failedJobsHistoryLimit: 0 }))
  await jobs(namespace, 'short', 3)
  source.set(0)
  await looks(source, 2)
  await until(async () => (await podsOf(namespace, 'short')).filter(pod => pod.status?.phase === 'Running').length === 3)
  for (const pod of await podsOf(namespace, 'short')) await kube.kubelet.finish(namespace, pod.metadata.name)
  await jobs(namespace, 'short', 0)
})

test('Jobs that the API server refuses are told once and asked for one at a time', async () => {
  const namespace = await kube.namespace()
  const source = await number(5)
  const bad = scaledJob(namespace, 'bad', [trigger(source)])
  await kube.admin.apply({ ...bad, spec: { ...(bad['spec'] as Values), jobTargetRef: { template: { spec: { restartPolicy: 'Always', containers: [{ name: 'work', image: 'work' }] } } } } })
  const told = async (): Promise<readonly Values[]> => (await kube.admin.get<{ readonly items: readonly Values[] }>(`/apis/events.k8s.io/v1/namespaces/${namespace}/events`)).items.filter(event => event['reason'] === 'KEDAJobCreateFailed')
  await until(async () => (await told()).some(event => String(event['note']).includes('restartPolicy')), () => operator.tail())
  await looks(source, 3)
  expect(await told()).toHaveLength(1)
  expect(await jobsOf(namespace, 'bad')).toEqual([])
  await kube.admin.delete(scaledJobPath(namespace, 'bad'))
})

test('kill -9 of the operator: who comes next makes no job twice, and deletes none', async () => {
  const namespace = await kube.namespace()
  const source = await number(0)
  await kube.admin.apply(scaledJob(namespace, 'crash', [trigger(source)], { maxReplicaCount: 50 }))
  await conditions(namespace, 'crash', sj => conditionOf(sj, 'Ready')?.status === 'True')
  for (let round = 1; round <= 3; round++) {
    source.set(round * 4)
    await until(async () => (await jobsOf(namespace, 'crash')).length > (round - 1) * 4) // in the midst of it
    await operator.kill()
    await start()
    await jobs(namespace, 'crash', round * 4)
    await looks(source, 2)
    expect(await jobsOf(namespace, 'crash')).toHaveLength(round * 4)
  }
  const deleted = writes(await askedBy(kube)).filter(entry => entry.namespace === namespace && entry.verb === 'delete')
  expect(deleted).toEqual([])
})
