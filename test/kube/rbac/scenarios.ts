import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'nats'
import * as local from '../../scenario/manifests.js'
import type { NatsServer } from '../../servers/nats.js'
import type { KubeObject } from '../../servers/kube.js'
import { network } from '../functions.js'
import { type Condition, conditionOf, deployment, fast, scaledObject, window, type Scaled } from '../operator.js'
import type { Scenario, Stage } from './stage.js'

const ns = '' // a stage puts its own in
const own = 'tidegate.dev/v1alpha1'
const work = (replicas = 0): object => deployment(ns, 'work', replicas)
const object = (group: string, triggers: readonly unknown[] = [window(true, 3)], more: object = {}): object => scaledObject(group, ns, 'work', { ...fast, triggers, ...more })
const stateful = (): object => ({ ...deployment(ns, 'work', 0), kind: 'StatefulSet' })
const ofStateful = { scaleTargetRef: { kind: 'StatefulSet', name: 'work' } }
const trigger = (spec: object = {}): object => ({ apiVersion: own, kind: 'Trigger', metadata: { name: 'work' }, spec: { source: { cron: { schedule: '0 0 1 1 *' } }, function: { name: 'work', port: 80 }, scale: { min: 1 }, ...spec } })
const byToken = (stage: Stage, kind: string, name: string): object => ({ type: 'metrics-api', metadata: { url: stage.depthUrl, valueLocation: 'depth', targetValue: '4', authMode: 'bearer' }, authenticationRef: { kind, name } })
const authentication = (group: string, kind: string, name: string, source: 'secretTargetRef' | 'configMapTargetRef' = 'secretTargetRef'): object =>
  ({ apiVersion: `${group}/v1alpha1`, kind, metadata: { name }, spec: { [source]: [{ parameter: 'token', name: 'login', key: 'token' }] } })
const login = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'login' }, stringData: { token: 'sesame' } }
const hpa = {
  apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: { name: 'rival' },
  spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'work' }, maxReplicas: 9, metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }] },
}
/** Three jobs whose pods work on and on. */
const threeJobs = (stage: Stage, group: string): readonly object[] => [login, authentication(group, 'TriggerAuthentication', 'login'), {
  apiVersion: `${group}/v1alpha1`, kind: 'ScaledJob', metadata: { name: 'work' },
  spec: { jobTargetRef: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'work' }] } } }, pollingInterval: 1, triggers: [byToken(stage, 'TriggerAuthentication', 'login')] },
}]
const jobsIn = async (stage: Stage): Promise<readonly string[]> =>
  (await stage.kube.admin.get<{ items: readonly { metadata: { name: string } }[] }>(`/apis/batch/v1/namespaces/${stage.namespace}/jobs`)).items.map(job => job.metadata.name)
const otherImage = (stage: Stage, group: string) => (i: number): Promise<void> =>
  stage.patch(`${group}/v1alpha1`, 'scaledjobs/work', { spec: { jobTargetRef: { template: { spec: { containers: [{ name: 'work', image: `work:${i}` }] } } } } })
const scaledJob = (group: string): object => ({
  apiVersion: `${group}/v1alpha1`, kind: 'ScaledJob', metadata: { name: 'work' },
  spec: { jobTargetRef: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'work', image: 'work' }] } } }, triggers: [window(false)] },
})

type Replicated = KubeObject & { readonly spec: { readonly replicas: number } }
const counts = (stage: Stage, replicas: number, plural = 'deployments'): Promise<void> =>
  stage.until(async () => (await stage.object<Replicated>('apps/v1', `${plural}/work`))?.spec.replicas === replicas)
const condition = (stage: Stage, apiVersion: string, path: string, likes: (ready: Condition) => boolean): Promise<void> => stage.until(async () => {
  const ready = conditionOf(await stage.object<Scaled>(apiVersion, path), 'Ready')
  return ready !== undefined && likes(ready)
})
const hasSlots = (stage: Stage): Promise<void> => stage.until(async () => (await stage.statuses()).some(s => (s.delivery?.slots ?? 0) > 0))

/** Somebody else writes to the same object all the time, while the operator has to: until one of its writes met another's, and it looked again. */
async function amongWriters (stage: Stage, apiVersion: string, path: string, change: (i: number) => Promise<void>, read: string): Promise<void> {
  let isOver = false
  const noise = async (): Promise<void> => {
    for (let i = 0; !isOver; i++) await stage.patch(apiVersion, path, { metadata: { labels: { noise: String(i % 100) } } })
  }
  const others = [noise(), noise()]
  try {
    let i = 0
    await stage.until(async () => {
      if (i++ % 8 === 0) await change(i)
      return (await stage.asked()).some(e => e.resource === read && e.verb === 'get' && e.status === 200)
    })
  } finally {
    isOver = true
    await Promise.all(others)
  }
}
const pausedAt = (stage: Stage, group: string) => (i: number): Promise<void> =>
  stage.patch(`${group}/v1alpha1`, 'scaledobjects/work', { metadata: { annotations: { 'tidegate.dev/paused-replicas': String(1 + (i >> 3) % 2) } } })

const ofGroup = (group: string): readonly Scenario[] => [
  {
    name: `a ScaledObject of ${group} scales, and its edit is followed`,
    before: stage => stage.apply(work(), object(group)),
    play: async stage => {
      await counts(stage, 3)
      await stage.patch(`${group}/v1alpha1`, 'scaledobjects/work', { spec: { triggers: [window(true, 5)] } })
      await counts(stage, 5)
    },
  },
  {
    name: `what a ScaledObject of ${group} remembers stands in its annotation`,
    before: stage => stage.apply(work(), object(group)),
    play: stage => stage.until(async () => (await stage.object(`${group}/v1alpha1`, 'scaledobjects/work') as { metadata: { annotations?: Readonly<Record<string, string>> } } | undefined)?.metadata.annotations?.['tidegate.dev/memory'] !== undefined),
  },
  {
    name: `a ScaledObject of ${group} has conditions`,
    before: stage => stage.apply(work(), object(group)),
    play: stage => condition(stage, `${group}/v1alpha1`, 'scaledobjects/work', ready => ready.status === 'True'),
  },
  {
    name: `the memory of a ScaledObject of ${group} is written though others write to it too`,
    before: stage => stage.apply(work(), object(group)),
    play: async stage => {
      await counts(stage, 3)
      await amongWriters(stage, `${group}/v1alpha1`, 'scaledobjects/work', pausedAt(stage, group), 'scaledobjects')
    },
  },
  {
    name: `a ScaledJob of ${group} that comes later has conditions`,
    play: async stage => {
      await stage.working()
      await stage.apply(scaledJob(group))
      await condition(stage, `${group}/v1alpha1`, 'scaledjobs/work', () => true)
    },
  },
  {
    name: `a ScaledJob of ${group} makes jobs, ends those of an earlier spec, and makes another when one is gone`,
    before: stage => stage.apply(...threeJobs(stage, group)),
    play: async stage => {
      await stage.until(async () => (await jobsIn(stage)).length >= 3)
      const first = await jobsIn(stage)
      await otherImage(stage, group)(1)
      await stage.until(async () => !(await jobsIn(stage)).some(name => first.includes(name)))
      await stage.until(async () => (await jobsIn(stage)).length >= 3)
      const second = await jobsIn(stage)
      await stage.kube.admin.delete(`/apis/batch/v1/namespaces/${stage.namespace}/jobs/${second[0] ?? ''}`, { propagationPolicy: 'Background' })
      await stage.until(async () => (await jobsIn(stage)).some(name => !second.includes(name)))
    },
  },
  {
    name: `the memory of a ScaledJob of ${group} is written though others write to it too`,
    before: stage => stage.apply(...threeJobs(stage, group)),
    play: async stage => {
      await stage.until(async () => (await jobsIn(stage)).length >= 3)
      await amongWriters(stage, `${group}/v1alpha1`, 'scaledjobs/work', otherImage(stage, group), 'scaledjobs')
    },
  },
  {
    name: `credentials come from a TriggerAuthentication of ${group} that comes later`,
    before: stage => stage.apply(work(), login, object(group, [byToken(stage, 'TriggerAuthentication', 'login')])),
    play: async stage => {
      await stage.working()
      await stage.apply(authentication(group, 'TriggerAuthentication', 'login'))
      await counts(stage, 3)
    },
  },
  {
    name: `credentials come from a ClusterTriggerAuthentication of ${group} that comes later`,
    before: stage => stage.apply(work(), login, object(group, [byToken(stage, 'ClusterTriggerAuthentication', stage.namespace)])),
    play: async stage => {
      await stage.working()
      await stage.apply(authentication(group, 'ClusterTriggerAuthentication', stage.namespace))
      await counts(stage, 3)
    },
  },
  {
    name: `a TriggerAuthentication of ${group} says who uses it`,
    before: stage => stage.apply(work(), login, authentication(group, 'TriggerAuthentication', 'login'), object(group, [byToken(stage, 'TriggerAuthentication', 'login')])),
    play: stage => usedByWork(stage, `/apis/${group}/v1alpha1/namespaces/${stage.namespace}/triggerauthentications/login`),
  },
  {
    name: `a ClusterTriggerAuthentication of ${group} says who uses it`,
    before: stage => stage.apply(work(), login, authentication(group, 'ClusterTriggerAuthentication', stage.namespace), object(group, [byToken(stage, 'ClusterTriggerAuthentication', stage.namespace)])),
    play: stage => usedByWork(stage, `/apis/${group}/v1alpha1/clustertriggerauthentications/${stage.namespace}`),
  },
]

const usedByWork = (stage: Stage, path: string): Promise<void> => stage.until(async () => (await stage.kube.admin.get<Scaled>(path)).status?.['scaledobjects'] === 'work')

const others: readonly Scenario[] = [
  {
    name: 'a Deployment that comes later is scaled',
    before: stage => stage.apply(object('keda.sh')),
    play: async stage => {
      await stage.working()
      await stage.apply(work())
      await counts(stage, 3)
    },
  },
  {
    name: 'a StatefulSet that comes later is scaled',
    before: stage => stage.apply(object('keda.sh', undefined, ofStateful)),
    play: async stage => {
      await stage.working()
      await stage.apply(stateful())
      await counts(stage, 3, 'statefulsets')
    },
  },
  {
    name: 'the count of a Deployment is written though others write to it too',
    before: stage => stage.apply(work(), object('keda.sh')),
    play: async stage => {
      await counts(stage, 3)
      await amongWriters(stage, 'apps/v1', 'deployments/work', pausedAt(stage, 'keda.sh'), 'deployments/scale')
    },
  },
  {
    name: 'the count of a StatefulSet is written though others write to it too',
    before: stage => stage.apply(stateful(), object('keda.sh', undefined, ofStateful)),
    play: async stage => {
      await counts(stage, 3, 'statefulsets')
      await amongWriters(stage, 'apps/v1', 'statefulsets/work', pausedAt(stage, 'keda.sh'), 'statefulsets/scale')
    },
  },
  {
    name: 'an autoscaler that comes later stops us',
    before: stage => stage.apply(work(), object('keda.sh')),
    play: async stage => {
      await counts(stage, 3)
      await stage.apply(hpa)
      await condition(stage, 'keda.sh/v1alpha1', 'scaledobjects/work', ready => ready.reason === 'TG_TARGET_CONFLICT')
    },
  },
  {
    name: 'a credential comes from a Secret',
    before: stage => stage.apply(work(), login, authentication('keda.sh', 'TriggerAuthentication', 'login'), object('keda.sh', [byToken(stage, 'TriggerAuthentication', 'login')])),
    play: stage => counts(stage, 3),
  },
  {
    name: 'a parameter comes from a ConfigMap',
    before: stage => stage.apply(work(), { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'login' }, data: { token: 'sesame' } },
      authentication('keda.sh', 'TriggerAuthentication', 'login', 'configMapTargetRef'), object('keda.sh', [byToken(stage, 'TriggerAuthentication', 'login')])),
    play: stage => counts(stage, 3),
  },
  {
    name: 'scaling is told as an Event',
    before: stage => stage.apply(work(), object('keda.sh')),
    play: stage => stage.until(async () => (await stage.kube.admin.get<{ items: readonly { reason?: string }[] }>(`/apis/events.k8s.io/v1/namespaces/${stage.namespace}/events`)).items.some(e => e.reason === 'KEDAScaleTargetActivated')),
  },
  {
    name: 'the lease is taken and kept',
    play: async stage => {
      const renewed = new Set<unknown>()
      await stage.until(async () => {
        const lease = await stage.object<KubeObject & { spec: { renewTime?: string } }>('coordination.k8s.io/v1', 'leases/tidegate')
        if (lease?.spec.renewTime !== undefined) renewed.add(lease.spec.renewTime)
        return renewed.size > 2
      })
    },
  },
  {
    name: 'a Trigger has conditions, and its edit is followed',
    before: stage => stage.apply(work(), trigger()),
    play: async stage => {
      await stage.until(async () => conditionOf(await stage.object<Scaled>(own, 'triggers/work'), 'Ready') !== undefined)
      await stage.patch(own, 'triggers/work', { spec: { suspend: true } })
      await stage.until(async () => (await stage.statuses()).some(s => s.conditions.some(c => c.message.includes('spec.suspend'))))
    },
  },
  {
    name: 'what a Trigger remembers stands in its annotation',
    before: stage => stage.apply(work(), trigger()),
    play: stage => stage.until(async () => (await stage.object(own, 'triggers/work') as { metadata: { annotations?: Readonly<Record<string, string>> } } | undefined)?.metadata.annotations?.['tidegate.dev/memory'] !== undefined),
  },
  {
    name: 'the memory of a Trigger is written though others write to it too',
    before: stage => stage.apply(work(), trigger()),
    play: async stage => {
      await counts(stage, 1)
      await amongWriters(stage, own, 'triggers/work', i => stage.patch(own, 'triggers/work', { spec: { scale: { min: 1 + (i >> 3) % 3 } } }), 'triggers')
    },
  },
  {
    name: 'a function is found behind a Service that comes later, and its ready addresses with it',
    before: stage => stage.apply(local.deployment('work', 'function', { OUT: '/nowhere' }), trigger({ function: { name: 'front' } })),
    play: async stage => {
      await stage.working()
      await stage.apply({ ...local.service('front'), spec: { selector: { app: 'work' }, ports: [{ port: 80, targetPort: 'http' }] } })
      await hasSlots(stage)
    },
  },
  {
    name: 'the ready pods of a Deployment without a Service are found',
    before: stage => stage.apply(work(), trigger()),
    play: hasSlots,
  },
]

/** Needs Knative's kind of Service. */
export const knative: Scenario = {
  name: 'a Knative Service that comes later is called at its address',
  before: stage => stage.apply(trigger({ function: { name: 'work', kind: 'KnativeService' }, scale: {} })),
  play: async stage => {
    await stage.until(async () => (await stage.asked()).some(e => e.uri.startsWith('/apis/serving.knative.dev/') && e.verb === 'list' && e.status === 200)) // they are listed when a Trigger asks for one
    await stage.apply({ apiVersion: 'serving.knative.dev/v1', kind: 'Service', metadata: { name: 'work' }, spec: {} })
    await stage.patch('serving.knative.dev/v1', 'services/work/status', { status: { address: { url: 'http://work.example.com' }, conditions: [{ type: 'Ready', status: 'True' }] } })
    await stage.until(async () => conditionOf(await stage.object<Scaled>(own, 'triggers/work'), 'FunctionReady')?.status === 'True')
  },
}

/** Needs a broker and a network of pods. */
export const busyPods = (nats: () => NatsServer): Scenario => ({
  name: 'the pod that works is marked as the last to go',
  env: kube => ({ NODE_OPTIONS: `--import ${network}`, TIDEGATE_TEST_PODS: kube.kubelet.processes.folder }),
  before: async stage => {
    const out = mkdtempSync(join(tmpdir(), 'tidegate-busy-'))
    await stage.apply(local.deployment('work', 'function', { OUT: out, RELEASE: join(out, 'release') }), local.service('work'), object('keda.sh', [window(true, 2)]),
      local.trigger('work', { nats: { servers: nats().url, subject: stage.namespace } }, { function: { name: 'work' }, concurrency: { perReplica: 1 } }))
  },
  play: async stage => {
    const connection = await connect({ servers: nats().url })
    try {
      await stage.until(async () => (await stage.statuses()).some(s => (s.delivery?.slots ?? 0) === 2))
      connection.publish(stage.namespace, 'x')
      await connection.flush()
      await stage.until(async () => (await stage.statuses()).some(s => s.delivery?.inFlight === 1))
      await stage.patch('keda.sh/v1alpha1', 'scaledobjects/work', { spec: { triggers: [window(true, 1)] } })
      await stage.until(async () => (await stage.kube.admin.get<{ items: readonly { metadata: { annotations?: Readonly<Record<string, string>> } }[] }>(`/api/v1/namespaces/${stage.namespace}/pods`)).items
        .some(pod => pod.metadata.annotations?.['controller.kubernetes.io/pod-deletion-cost'] !== undefined))
    } finally {
      await connection.close()
      const out = readdirSync(tmpdir()).filter(name => name.startsWith('tidegate-busy-'))
      for (const name of out) writeFileSync(join(tmpdir(), name, 'release'), '')
      for (const name of out) rmSync(join(tmpdir(), name), { recursive: true, force: true })
    }
  },
})

export const scenarios: readonly Scenario[] = [...['keda.sh', 'tidegate.dev'].flatMap(ofGroup), ...others]
