import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type KubeControlPlane, kubeControlPlane } from '../servers/kube.js'
import { conditionOf, type Deployment, deployment, deploymentPath, installKinds, runOperator, type Scaled, scaledObject, scaledObjectPath, window } from './operator.js'

let kube: KubeControlPlane
beforeAll(async () => {
  kube = await kubeControlPlane()
  await installKinds(kube, 'keda.sh')
})
afterAll(async () => { await kube.stop() })

const fast = { pollingInterval: 1, cooldownPeriod: 1, advanced: { horizontalPodAutoscalerConfig: { behavior: { scaleDown: { stabilizationWindowSeconds: 0 } } } } }

describe.each(['keda.sh', 'tidegate.dev'])('a ScaledObject of %s', group => {
  test('scales a Deployment 0 → 3 → 0 with its cron window, and says so', async () => {
    const namespace = await kube.namespace()
    await kube.admin.apply(deployment(namespace, 'office', 0))
    await kube.admin.apply(scaledObject(group, namespace, 'office', { ...fast, triggers: [window(true, 3)] }))
    await runOperator(kube.adminKubeconfig, '--namespace', namespace)
    await kube.admin.until<Deployment>(deploymentPath(namespace, 'office'), d => d?.spec.replicas === 3 && d.status?.readyReplicas === 3)
    const path = scaledObjectPath(group, namespace, 'office')
    const active = await kube.admin.until<Scaled>(path, so => conditionOf(so, 'Active')?.status === 'True')
    expect(conditionOf(active, 'Ready')).toMatchObject({ status: 'True', reason: 'ScaledObjectReady', message: 'ScaledObject is defined correctly and is ready for scaling' })
    expect(conditionOf(active, 'Paused')).toMatchObject({ status: 'False' })
    expect(active?.status).toMatchObject({ scaleTargetKind: 'apps/v1.Deployment', originalReplicaCount: 0, triggersTypes: 'cron' })
    if (group === 'tidegate.dev') expect(conditionOf(active, 'Ready')).toMatchObject({ observedGeneration: 1, lastTransitionTime: expect.stringMatching(/Z$/) as unknown })
    await kube.admin.patch(path, { spec: { triggers: [window(false, 3)] } })
    await kube.admin.until<Deployment>(deploymentPath(namespace, 'office'), d => d?.spec.replicas === 0 && (d.status?.replicas ?? 0) === 0)
    await kube.admin.until<Scaled>(path, so => conditionOf(so, 'Active')?.reason === 'ScalerNotActive')
  })
})
