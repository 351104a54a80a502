import { rm } from 'node:fs/promises'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { bin, Run, until } from '../scenario/harness.js'
import { type KubeControlPlane, kubeControlPlane, type KubeObject } from '../servers/kube.js'
import { metricsServer } from '../servers/metrics.js'
import { nextBuild } from './next-build.js'
import { askedBy, deployment, type Deployment, installKinds, installRights, scaledObject, writes } from './operator.js'

let kube: KubeControlPlane
let rights: string
beforeAll(async () => {
  kube = await kubeControlPlane()
  await installKinds(kube, 'keda.sh')
  rights = await installRights(kube)
})
afterAll(async () => { await kube.stop() })

const objects = 100
/** Every fifth had a larger backlog before: only what is remembered holds it up. */
const isHeld = (index: number): boolean => index % 5 === 0
const name = (index: number): string => `worker-${index}`

test('N to N+1 to N, whose memories differ by a version, under a constant backlog of a hundred objects: no count is written', async () => {
  const next = await nextBuild()
  const namespace = await kube.namespace()
  const [steady, held] = [await metricsServer(25), await metricsServer(45)]
  onTestFinished(async () => { await Promise.all([steady.stop(), held.stop(), rm(next.folder, { recursive: true })]) })
  for (let index = 0; index < objects; index++) {
    const { spec, ...rest } = deployment(namespace, name(index), 0)
    await kube.admin.apply({ ...rest, spec: { ...spec as object, paused: true } }) // counts are what is looked at, not pods
    await kube.admin.apply(scaledObject('keda.sh', namespace, name(index), {
      pollingInterval: 1, triggers: [{ type: 'metrics-api', metadata: { url: (isHeld(index) ? held : steady).url, valueLocation: 'value', targetValue: '10' } }],
    }))
  }
  const start = async (program: string): Promise<Run> => {
    const run = new Run(['operator', '--kubeconfig', rights, '--port', '0', '--lease-namespace', 'tidegate', '--namespace', namespace], {}, program)
    onTestFinished(() => run.end())
    await run.ready()
    return run
  }
  const replicas = async (): Promise<readonly number[]> => (await itemsOf<Deployment>(`/apis/apps/v1/namespaces/${namespace}/deployments`)).map(d => d.spec.replicas)
  const isThere = async (): Promise<boolean> => (await itemsOf<Deployment>(`/apis/apps/v1/namespaces/${namespace}/deployments`)).every(d => d.spec.replicas === (isHeld(Number(d.metadata.name.slice(7))) ? 5 : 3))
  const versions = async (): Promise<ReadonlySet<unknown>> => new Set((await itemsOf<KubeObject>(`/apis/keda.sh/v1alpha1/namespaces/${namespace}/scaledobjects`)).map(({ metadata }) => versionIn(metadata.annotations?.['tidegate.dev/memory'])))
  const counts = async (): Promise<number> => writes(await askedBy(kube)).filter(e => e.namespace === namespace && e.resource === 'deployments/scale').length

  const first = await start(bin)
  await until(isThere, () => first.tail())
  held.set(15)
  const looked = held.asked.length
  await until(() => held.asked.length > looked + 2)
  const [before, written] = [await replicas(), await counts()]
  let running = first
  for (const [program, version] of [[next.program, 2], [bin, 1]] as const) {
    const heir = await start(program)
    await running.stop()
    await until(async () => [...await versions()].join() === String(version), () => `all memories to be of version ${version}\n${heir.tail()}`)
    const asked = held.asked.length
    await until(() => held.asked.length > asked + 2)
    running = heir
  }
  expect(await replicas()).toEqual(before)
  expect(await counts()).toBe(written)
})

const itemsOf = async <T>(path: string): Promise<readonly T[]> => (await kube.admin.get<{ readonly items: readonly T[] }>(path)).items
/** Of an annotation: the term of its writer, then JSON. */
const versionIn = (text = ''): unknown => /"version":(\d+)/.exec(text)?.[1]
