import { onTestFinished, test } from 'vitest'
import { metricsServer } from '../servers/metrics.js'
import { Scene } from './harness.js'
import { deployment, scaledObject } from './manifests.js'

const behavior = { scaleDown: { stabilizationWindowSeconds: 0 } }

test('on one machine, a target follows a formula over a number of an address and the replicas of another', async () => {
  const api = await metricsServer(0)
  onTestFinished(() => api.stop())
  const scene = new Scene()
  const monitored = (replicas: number): object => {
    const made = deployment('monitored', 'function', { OUT: scene.out }) as { readonly spec: object }
    return { ...made, spec: { ...made.spec, replicas } }
  }
  scene.write('monitored.yaml', monitored(1))
  scene.write('target.yaml', deployment('target', 'function', { OUT: scene.out }), scaledObject('target', [
    { type: 'metrics-api', name: 'api', metadata: { url: api.url, valueLocation: 'value' } },
    { type: 'kubernetes-workload', name: 'pods', metadata: { podSelector: 'app=monitored' } },
  ], { pollingInterval: 1, cooldownPeriod: 0, maxReplicaCount: 4, advanced: { horizontalPodAutoscalerConfig: { behavior }, scalingModifiers: { formula: 'api > 0 ? api + pods : 0', target: '2' } } }))
  const run = await scene.run()
  await run.statusUntil('ScaledObject', 'target', s => s.scaling?.current.spec === 0 && s.conditions.some(c => c.type === 'Ready' && c.status === 'True'))
  api.set(3)
  await run.statusUntil('ScaledObject', 'target', s => s.scaling?.current.ready === 2)
  scene.write('monitored.yaml', monitored(3))
  await run.statusUntil('ScaledObject', 'target', s => s.scaling?.current.ready === 3)
  api.set(0)
  await run.statusUntil('ScaledObject', 'target', s => s.scaling?.current.spec === 0)
})
