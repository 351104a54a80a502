import { test } from 'vitest'
import { cluster, metricsApi, noWindow, Scene, workload } from './harness.js'

// Each is named as the folder of KEDA's tests/internals that it re-creates.
const here = cluster()
const spec = { pollingInterval: 1, cooldownPeriod: 1, minReplicaCount: 0, maxReplicaCount: 5, advanced: noWindow }

test.concurrent.each(['AverageValue', 'Value'])('fallback: a source that goes away leaves three replicas, one that comes back what it asks for (%s)', async metricType => {
  await Scene.play(here(), 0, async scene => {
    const server = await scene.metricsServer(0)
    await scene.scaledObject({ ...spec, fallback: { failureThreshold: 3, replicas: 3 }, triggers: [metricsApi(server, 5, { metricType })] })
    await scene.condition('Active', c => c.status === 'False')
    await scene.wait(0)
    server.set(50)
    await scene.wait(5)
    await server.stop()
    await scene.wait(3)
    await scene.condition('Fallback', c => c.status === 'True' && c.reason === 'FallbackExists')
    await scene.hold(3, 3_000)
    await server.start()
    await scene.wait(5)
    await scene.told('Fallback', 'False')
  })
})

test.concurrent.each([
  ['currentReplicasIfHigher', 4], ['currentReplicasIfLower', 3], ['currentReplicas', 4], ['static', 3],
])('fallback behavior %s: of 4 and 3 it is %i', async (behavior, replicas) => {
  await Scene.play(here(), 0, async scene => {
    const server = await scene.metricsServer(20)
    await scene.scaledObject({ ...spec, fallback: { failureThreshold: 1, replicas: 3, behavior }, triggers: [metricsApi(server, 5)] })
    await scene.wait(4)
    await server.stop()
    await scene.told('Fallback', 'True')
    await scene.wait(replicas)
    await scene.hold(replicas, 3_000)
  })
})

test.concurrent('fallback from zero: what cannot be seen is worth three replicas', async () => {
  await Scene.play(here(), 0, async scene => {
    const server = await scene.metricsServer(0)
    await scene.scaledObject({ ...spec, fallback: { failureThreshold: 1, replicas: 3, behavior: 'static' }, triggers: [metricsApi(server, 5)] })
    await scene.condition('Active', c => c.status === 'False')
    await server.stop()
    await scene.wait(3)
    server.set(50)
    await server.start()
    await scene.wait(5)
  })
})

test.concurrent('without a fallback an error lowers nothing', async () => {
  await Scene.play(here(), 0, async scene => {
    const server = await scene.metricsServer(20)
    await scene.scaledObject({ ...spec, triggers: [metricsApi(server, 5)] })
    await scene.wait(4)
    await server.stop()
    await scene.condition('Ready', c => c.status === 'False' && c.reason === 'TriggerError')
    await scene.hold(4, 3_000)
  })
})

test.concurrent('fallback_scaling_modifiers: the next of the formula steps in, and when none is left the declared count', async () => {
  await Scene.play(here(), 0, async scene => {
    const [primary, secondary] = [await scene.metricsServer(16), await scene.metricsServer(12)]
    await scene.scaledObject({
      ...spec, maxReplicaCount: 10, fallback: { failureThreshold: 3, replicas: 4, behavior: 'scalingModifiers' },
      advanced: { ...noWindow, scalingModifiers: { formula: 'primary ?? secondary ?? 8', target: '2' } },
      triggers: [metricsApi(primary, 2, { name: 'primary' }), metricsApi(secondary, 2, { name: 'secondary' })],
    })
    await scene.wait(8)
    await scene.hold(8, 3_000)
    await primary.stop()
    await scene.wait(6)
    await scene.hold(6, 3_000)
    await secondary.stop()
    await scene.wait(4)
    await scene.hold(4, 3_000)
    await Promise.all([primary.start(), secondary.start()])
    await scene.wait(8)
    await scene.hold(8, 3_000)
  })
})

test.concurrent('scaling_modifiers: one number made of two triggers, with a fallback', async () => {
  await Scene.play(here(), 0, async scene => {
    const server = await scene.metricsServer(0)
    await scene.monitored(2)
    const modified = (formula: string) => ({ advanced: { ...noWindow, scalingModifiers: { formula, target: '2', activationTarget: '2' } } })
    await scene.scaledObject({
      ...spec, maxReplicaCount: 10, fallback: { failureThreshold: 3, replicas: 5 }, ...modified('metrics_api + kw_trig'),
      triggers: [metricsApi(server, 2, { name: 'metrics_api' }), workload(1, { name: 'kw_trig' })],
    })
    await scene.condition('Active', c => c.status === 'False')
    await scene.hold(0) // 2 is not more than 2
    server.set(3)
    await scene.wait(3)
    await server.stop()
    await scene.wait(5)
    await scene.hold(5)
    server.set(2)
    await server.start()
    await scene.wait(2)
    server.set(0)
    await scene.patch(modified('count([kw_trig,metrics_api],{#>1}) > 1 ? 5 : 0'))
    await scene.wait(0)
    server.set(2)
    await scene.wait(3)
  })
})
