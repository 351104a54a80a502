import { test } from 'vitest'
import { until } from '../../scenario/harness.js'
import type { KubeObject } from '../../servers/kube.js'
import { conditionOf, type Deployment, deployment, type Scaled, window } from '../operator.js'
import type { MetricsServer } from '../../servers/metrics.js'
import { cluster, metricsApi, noWindow, Scene, workload } from './harness.js'

// Each is named as the folder of KEDA's tests/internals that it re-creates.
const here = cluster()

test.concurrent('cache_metrics: a trigger with cached metrics is looked at once in its pollingInterval, one without every 15 s', async () => {
  const spec = { pollingInterval: 1000, cooldownPeriod: 0, minReplicaCount: 0, maxReplicaCount: 10, advanced: noWindow }
  await Promise.all([
    Scene.play(here(), 1, async scene => {
      await scene.monitored(8)
      await scene.scaledObject({ ...spec, triggers: [workload(2, { useCachedMetrics: true })] })
      await scene.wait(4)
      await scene.monitored(4)
      await scene.hold(4, 20_000)
    }),
    Scene.play(here(), 1, async scene => {
      await scene.monitored(8)
      await scene.scaledObject({ ...spec, triggers: [workload(2)] })
      await scene.wait(4)
      await scene.monitored(4)
      await scene.wait(2)
    }),
  ])
})

test.concurrent('polling_cooldown_so: up and down not before the pollingInterval, to zero not before the cooldownPeriod', async () => {
  await Scene.play(here(), 0, async scene => {
    const server = await scene.metricsServer(0)
    await scene.scaledObject({ pollingInterval: 1, cooldownPeriod: 0, minReplicaCount: 0, maxReplicaCount: 1, advanced: noWindow, triggers: [metricsApi(server, 5)] })
    await until(() => server.asked.length > 0)
    const looks = server.asked.length
    await scene.patch({ pollingInterval: 10 })
    // Objects that ask the same are looked at together, so that the first interval may be a shorter one: from then on it is whole.
    await until(async () => server.asked.length > looks && (await sinceLastLook(server)) > 2_000)
    const count = server.asked.length
    await until(() => server.asked.length > count)
    server.set(10)
    await scene.hold(0, 6_000)
    await scene.wait(1)
    server.set(0)
    await scene.hold(1, 5_000)
    await scene.wait(0)
    await scene.patch({ pollingInterval: 1, cooldownPeriod: 12 })
    server.set(10)
    await scene.wait(1)
    server.set(0)
    await scene.hold(1, 6_000)
    await scene.wait(0)
  })
})

/** How long the server was left alone; it is given a moment for that. */
async function sinceLastLook ({ asked }: MetricsServer): Promise<number> {
  const [began, before] = [performance.now(), asked.length]
  await until(() => asked.length > before || performance.now() - began > 2_500)
  return asked.length > before ? 0 : performance.now() - began
}

test.concurrent('replica_update_so: minimum and maximum act as soon as they are edited', async () => {
  await Scene.play(here(), 0, async scene => {
    const server = await scene.metricsServer(100)
    await scene.scaledObject({ pollingInterval: 1, cooldownPeriod: 1, minReplicaCount: 0, maxReplicaCount: 5, advanced: noWindow, triggers: [metricsApi(server, 5)] })
    await scene.wait(5)
    await scene.patch({ maxReplicaCount: 15 })
    await scene.wait(15)
    await scene.patch({ maxReplicaCount: 5 })
    await scene.wait(5)
    server.set(0)
    await scene.wait(0)
    await scene.patch({ minReplicaCount: 3 })
    await scene.wait(3)
    await scene.patch({ minReplicaCount: 0 })
    await scene.wait(0)
  })
})

test.concurrent('trigger_update_so: triggers come, go and change', async () => {
  await Scene.play(here(), 0, async scene => {
    const [first, second] = [await scene.metricsServer(1), await scene.metricsServer(0)]
    await scene.monitored(5)
    const one = metricsApi(first, 1)
    await scene.scaledObject({ pollingInterval: 1, cooldownPeriod: 1, minReplicaCount: 0, maxReplicaCount: 5, advanced: noWindow, triggers: [metricsApi(first, 2)] })
    await scene.wait(1)
    first.set(20)
    await scene.wait(5)
    first.set(0)
    await scene.wait(0)
    await scene.patch({ triggers: [one, workload(1)] })
    await scene.wait(5)
    first.set(3)
    await scene.patch({ triggers: [one] })
    await scene.wait(3)
    second.set(5)
    await scene.patch({ triggers: [one, workload(5), metricsApi(second, 1)] })
    await scene.wait(5)
  })
})

test.concurrent('value_metric_type: AverageValue is for each replica, Value for all together', async () => {
  const spec = { pollingInterval: 1, minReplicaCount: 0, maxReplicaCount: 10, advanced: noWindow }
  await Promise.all([['AverageValue', 4], ['Value', 10]].map(([metricType, expected]) => Scene.play(here(), 8, async scene => {
    await scene.monitored(8)
    await scene.scaledObject({ ...spec, triggers: [workload(2, { metricType })] })
    await scene.wait(Number(expected))
  })))
})

test.concurrent('idle_replicas: idle at 0, at least two while there is work', async () => {
  await Scene.play(here(), 0, async scene => {
    await scene.scaledObject({ pollingInterval: 1, cooldownPeriod: 1, idleReplicaCount: 0, minReplicaCount: 2, maxReplicaCount: 4, advanced: noWindow, triggers: [workload(1)] })
    await scene.wait(0)
    for (const [pods, replicas] of [[1, 2], [2, 2], [4, 4], [0, 0]] as const) {
      await scene.monitored(pods)
      await scene.wait(replicas)
    }
  })
})

test.concurrent('initial_delay_cooldownperiod: what was never active keeps its replicas until the first cooldown is over', async () => {
  await Scene.play(here(), 1, async scene => {
    await scene.scaledObject({ pollingInterval: 3, initialCooldownPeriod: 12, cooldownPeriod: 1, minReplicaCount: 0, advanced: noWindow, triggers: [workload(1)] })
    await scene.condition('Active', c => c.reason === 'ScalerCooldown')
    await scene.hold(1, 6_000)
    await scene.wait(0)
  })
})

test.concurrent('restore_original: the target gets back what it had before', async () => {
  await Scene.play(here(), 2, async scene => {
    await scene.monitored(4)
    await scene.scaledObject({ pollingInterval: 1, cooldownPeriod: 1, idleReplicaCount: 0, minReplicaCount: 2, maxReplicaCount: 4, advanced: { ...noWindow, restoreToOriginalReplicaCount: true }, triggers: [workload(1)] })
    await scene.wait(4)
    await scene.delete()
    await scene.wait(2)
  })
})

test.concurrent('force_activation: as active as its minimum, whatever the trigger says', async () => {
  await Scene.play(here(), 0, async scene => {
    await scene.scaledObject({ pollingInterval: 1, cooldownPeriod: 0, idleReplicaCount: 0, minReplicaCount: 2, maxReplicaCount: 5, advanced: noWindow, triggers: [workload(1)] })
    await scene.condition('Active', c => c.status === 'False')
    await scene.annotate({ 'autoscaling.keda.sh/force-activation': 'true' })
    await scene.wait(2)
    await scene.condition('Active', c => c.message === 'Scaling is performed because activation is being forced by annotation')
    await scene.annotate({ 'autoscaling.keda.sh/force-activation': null })
    await scene.wait(0)
  })
})

test.concurrent('cron: inside of the window what is desired, outside the minimum', async () => {
  await Scene.play(here(), 1, async scene => {
    const spec = { pollingInterval: 1, cooldownPeriod: 1, minReplicaCount: 1, maxReplicaCount: 10, advanced: noWindow }
    await scene.scaledObject({ ...spec, triggers: [window(false, 4)] })
    await scene.condition('Active', c => c.status === 'False')
    await scene.hold(1, 1_000)
    await scene.patch({ triggers: [window(true, 4)] })
    await scene.wait(4)
    await scene.patch({ triggers: [window(false, 4)] })
    await scene.wait(1)
  })
})

/** Lets the operator scale a kind that its shipped rights do not name, as its users do. */
async function allowScaling (apiGroup: string, plural: string): Promise<void> {
  const { admin } = here().kube
  const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1', metadata: { name: `tidegate-${plural}` } }
  const rules = [{ apiGroups: [apiGroup], resources: [plural], verbs: ['get', 'list', 'watch'] }, { apiGroups: [apiGroup], resources: [`${plural}/scale`], verbs: ['get', 'patch'] }]
  await admin.apply({ ...rbac, kind: 'ClusterRole', rules })
  await admin.apply({ ...rbac, kind: 'ClusterRoleBinding', roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: `tidegate-${plural}` }, subjects: [{ kind: 'ServiceAccount', name: 'tidegate', namespace: 'tidegate' }] })
}

const upAndDown = { pollingInterval: 1, cooldownPeriod: 1, minReplicaCount: 0, maxReplicaCount: 10, advanced: noWindow, triggers: [workload(1)] }

test.concurrent('replicaset_scale: a ReplicaSet by itself', async () => {
  await allowScaling('apps', 'replicasets')
  await Scene.play(here(), 0, async scene => {
    const path = `/apis/apps/v1/namespaces/${scene.namespace}/replicasets/set`
    await scene.apply({ ...deployment(scene.namespace, 'set', 0), kind: 'ReplicaSet' })
    await scene.scaledObject({ ...upAndDown, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'set' } })
    for (const pods of [5, 10, 5, 0]) {
      await scene.monitored(pods)
      await scene.wait(pods, path)
    }
  })
})

/** What a Rollout has of Argo's: a scale subresource. Nobody runs pods for it here. */
const rollouts: KubeObject = {
  apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: { name: 'rollouts.example.com' },
  spec: {
    group: 'example.com', scope: 'Namespaced', names: { kind: 'Rollout', plural: 'rollouts', singular: 'rollout' },
    versions: [{
      name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      subresources: { status: {}, scale: { specReplicasPath: '.spec.replicas', statusReplicasPath: '.status.replicas' } },
    }],
  },
}

test.concurrent('subresource_scale: a kind of somebody else, which has replicas to scale', async () => {
  const { admin } = here().kube
  await admin.apply(rollouts)
  await admin.until<Scaled>(await admin.pathOf(rollouts), crd => conditionOf(crd, 'Established')?.status === 'True')
  await allowScaling('example.com', 'rollouts')
  await Scene.play(here(), 0, async scene => {
    const path = `/apis/example.com/v1/namespaces/${scene.namespace}/rollouts/out`
    await until(() => scene.apply({ apiVersion: 'example.com/v1', kind: 'Rollout', metadata: { namespace: scene.namespace, name: 'out' }, spec: { replicas: 0 } }).then(() => true, () => false))
    await scene.scaledObject({ ...upAndDown, scaleTargetRef: { apiVersion: 'example.com/v1', kind: 'Rollout', name: 'out' } })
    for (const pods of [5, 10, 5, 0]) {
      await scene.monitored(pods)
      await admin.until<Deployment>(path, rollout => rollout?.spec.replicas === pods, 90_000)
    }
    await scene.until(so => so.status?.['scaleTargetKind'] === 'example.com/v1.Rollout')
  })
})
