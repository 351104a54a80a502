import { expect, test } from 'vitest'
import { cluster, noWindow, Scene, workload } from './harness.js'

// Each is named as the folder of KEDA's tests/internals that it re-creates. There is no HPA here that a pause could remove.
const here = cluster()
const paused = 'autoscaling.keda.sh/paused'
const spec = { pollingInterval: 1, cooldownPeriod: 0, minReplicaCount: 0, maxReplicaCount: 10, advanced: noWindow, triggers: [workload(1)] }

test.concurrent('pause_scale_in: inactive, and not lowered', async () => {
  await Scene.play(here(), 2, async scene => {
    await scene.scaledObject(spec, { [`${paused}-scale-in`]: 'true' })
    await scene.condition('Paused', c => c.status === 'True' && c.reason === 'ScaledObjectPaused')
    await scene.hold(2)
  })
})

test.concurrent('pause_scale_in_restore: applied again without the pause it goes to zero, and other annotations stay', async () => {
  await Scene.play(here(), 2, async scene => {
    await scene.scaledObject(spec, { [`${paused}-scale-in`]: 'true', 'example.com/mine': 'kept' })
    await scene.told('Paused', 'True')
    await scene.hold(2)
    await scene.scaledObject(spec, { 'example.com/mine': 'kept' })
    await scene.wait(0)
    expect((await scene.get()).metadata.annotations).toMatchObject({ 'example.com/mine': 'kept' })
  })
})

test.concurrent('pause_scale_out: active, and not woken', async () => {
  await Scene.play(here(), 0, async scene => {
    await scene.monitored(2)
    await scene.scaledObject(spec, { [`${paused}-scale-out`]: 'true' })
    await scene.condition('Active', c => c.status === 'True')
    await scene.hold(0)
    await scene.annotate({ [`${paused}-scale-out`]: null })
    await scene.wait(2)
  })
})

test.concurrent('pause_scaledobject: paused-replicas holds a number, even one above the maximum', async () => {
  await Scene.play(here(), 1, async scene => {
    await scene.scaledObject({ ...spec, maxReplicaCount: 1, cooldownPeriod: 1 })
    await scene.wait(0)
    await scene.annotate({ [`${paused}-replicas`]: '0' })
    await scene.told('Paused', 'True')
    await scene.monitored(2)
    await scene.hold(0)
    await scene.annotate({ [`${paused}-replicas`]: null })
    await scene.wait(1)
    await scene.annotate({ [`${paused}-replicas`]: '5' })
    await scene.monitored(0)
    await scene.wait(5)
    await scene.annotate({ [`${paused}-replicas`]: null })
    await scene.wait(0)
  })
})

/** KEDA runs its whole suite twice: with the annotation taken away, and with it turned to false. */
test.concurrent.each([['removed', null], ['false', 'false']])('pause_scaledobject_explicitly: unpaused by %s', async (_, unpaused) => {
  await Scene.play(here(), 1, async scene => {
    await scene.scaledObject(spec)
    await scene.wait(0)
    await scene.annotate({ [paused]: 'true' })
    await scene.told('Paused', 'True')
    await scene.monitored(2)
    await scene.hold(0)
    await scene.annotate({ [paused]: unpaused })
    await scene.monitored(5)
    await scene.wait(5)
    await scene.annotate({ [paused]: 'true' })
    await scene.told('Paused', 'True')
    await scene.monitored(0)
    await scene.hold(5, 3_000)
    await scene.annotate({ [paused]: unpaused })
    await scene.wait(0)
    await scene.told('Paused', 'False')
  })
})

test.concurrent('pause_scaledobject_explicitly: a number beside a plain pause wins, in whichever order they come', async () => {
  await Scene.play(here(), 0, async scene => {
    await scene.monitored(10)
    await scene.scaledObject(spec, { [paused]: 'true' })
    await scene.told('Paused', 'True')
    await scene.annotate({ [`${paused}-replicas`]: '5' })
    await scene.wait(5)
    await scene.annotate({ [paused]: null, [`${paused}-replicas`]: null })
    await scene.wait(10)
    await scene.monitored(0)
    await scene.wait(0)
    await scene.annotate({ [`${paused}-replicas`]: '5' })
    await scene.wait(5)
    await scene.annotate({ [paused]: 'true' })
    await scene.hold(5, 3_000)
    await scene.annotate({ [`${paused}-replicas`]: '3' })
    await scene.wait(3)
    await scene.annotate({ [`${paused}-replicas`]: '7' })
    await scene.wait(7)
    await scene.annotate({ [`${paused}-replicas`]: null })
    await scene.hold(7, 3_000)
    await scene.annotate({ [paused]: null })
    await scene.wait(0)
  })
})

test.concurrent('pause_scaledobject_explicitly: a whole pause over a pause of one direction', async () => {
  await Scene.play(here(), 2, async scene => {
    await scene.scaledObject(spec, { [`${paused}-scale-in`]: 'true' })
    await scene.told('Paused', 'True')
    await scene.annotate({ [paused]: 'true' })
    await scene.monitored(4)
    await scene.hold(2, 3_000)
    await scene.annotate({ [paused]: null })
    await scene.wait(4)
    await scene.monitored(0)
    await scene.hold(4, 3_000)
    await scene.annotate({ [`${paused}-scale-in`]: null })
    await scene.wait(0)
  })
})
