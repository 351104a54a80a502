import { afterAll, beforeAll, describe, test } from 'vitest'
import { scenarioFiles } from '../scenario/shared/format.js'
import { play } from '../scenario/shared/play.js'
import { type KubeControlPlane, kubeControlPlane } from '../servers/kube.js'
import { ClusterWorld } from './cluster-world.js'
import { installKinds, installRights } from './operator.js'

let kube: KubeControlPlane
let rights: string
beforeAll(async () => {
  kube = await kubeControlPlane()
  await installKinds(kube, 'keda.sh', 'tidegate.dev')
  rights = await installRights(kube)
})
afterAll(async () => { await kube.stop() })

// The same files are played on one machine by test/scenario/shared.test.ts.
describe('in a cluster', () => {
  for (const file of scenarioFiles()) test(file.title, async () => play(file, await ClusterWorld.open(kube, rights)))
})
