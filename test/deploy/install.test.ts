import { spawnSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { conditionOf, type Deployment, deployment, deploymentPath, fast, type Scaled, scaledObject, scaledObjectPath, window } from '../kube/operator.js'
import { helm } from '../servers/helm.js'
import { type KubeControlPlane, kubeControlPlane } from '../servers/kube.js'
import { ensureKubectl, kubectl } from '../servers/kubectl.js'
import { runToEnd } from '../servers/run-to-end.js'
import { type Container, kernelView, type Pod, runContainer } from './container.js'
import { type Image, lastStage } from './image.js'

/** Namespaces for mounts and networks are Linux', and a machine may not allow them. */
const canContain = spawnSync('unshare', ['--mount', '--net', ...process.getuid?.() === 0 ? [] : ['--map-root-user'], 'true']).status === 0
if (!canContain) console.warn('not run: the admitted pods as processes. This machine lets us make no namespaces: run as root, or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1)')

let kube: KubeControlPlane
let image: Image
let folder: string
let containers: Container[] = []
beforeAll(async () => {
  kube = await kubeControlPlane()
  image = await lastStage('deploy/Dockerfile')
  folder = await mkdtemp(join(tmpdir(), 'tidegate-install-'))
})
afterEach(async () => {
  await Promise.all(containers.map(container => container.stop()))
  containers = []
})
afterAll(async () => {
  await kube.stop()
  await rm(folder, { recursive: true, force: true })
})

const manage = async (...args: readonly string[]): Promise<string> => {
  const { code, out, error } = await kubectl(kube.adminKubeconfig, args)
  expect({ args, code, error }).toMatchObject({ args, code: 0 })
  return out
}
const release = async (...args: readonly string[]): Promise<void> => {
  expect(await helm(kube.adminKubeconfig, args, folder)).toMatchObject({ code: 0, error: '' })
}

const ways: readonly { readonly way: string, install: () => Promise<unknown>, uninstall: () => Promise<unknown> }[] = [
  {
    way: 'kubectl apply -k',
    install: () => manage('apply', '--server-side', '-k', 'deploy/manifests'),
    async uninstall () {
      await manage('delete', '-k', 'deploy/manifests', '--timeout=60s')
      await isRefusedOverKeda()
      await manage('delete', '-f', 'deploy/crds/keda.sh.yaml', '--timeout=60s')
    },
  },
  {
    way: 'helm install',
    install: () => release('install', 'tidegate', 'deploy/chart', '--namespace', 'tidegate', '--create-namespace', '--set', 'crds.keda=true'),
    async uninstall () {
      await release('uninstall', 'tidegate', '--namespace', 'tidegate', '--wait')
      expect((await manage('get', 'crds', '-o', 'name')).trim().split('\n')).toHaveLength(9) // and what users wrote of their kinds
    },
  },
]

/** Kinds that are there without this release, such as KEDA's own, are nothing that it takes over. */
async function isRefusedOverKeda (): Promise<void> {
  const { code, error } = await helm(kube.adminKubeconfig, ['install', 'tidegate', 'deploy/chart', '--namespace', 'tidegate', '--create-namespace', '--set', 'crds.keda=true'], folder)
  expect({ code, error }).toEqual({ code: 1, error: expect.stringContaining('"scaledobjects.keda.sh" in namespace "" exists and cannot be imported') as unknown })
}

/** The operator's pods as the API server admitted them, and a process for each. */
async function start (): Promise<readonly Container[]> {
  await kube.admin.until<Deployment>(deploymentPath('tidegate', 'tidegate'), d => d?.status?.readyReplicas === 2)
  const { items } = await kube.admin.get<{ readonly items: readonly Pod[] }>('/api/v1/namespaces/tidegate/pods')
  expect(items).toHaveLength(2)
  containers = await Promise.all(items.map(pod => runContainer(kube, pod, image)))
  for (const container of containers) {
    const state = async (): Promise<unknown> => ({ ready: await container.probe('readinessProbe'), live: await container.probe('livenessProbe'), ended: container.process.exitCode ?? container.process.signalCode })
    await expect.poll(state, { timeout: 30_000, message: JSON.stringify(container.log) }).toEqual({ ready: 200, live: 200, ended: null })
  }
  return containers
}

describe.each(ways)('$way', ({ way, install, uninstall }) => {
  test.runIf(canContain)('the admitted pods, as processes with their token on a read-only root, become ready and scale', async () => {
    await install()
    if (way === 'kubectl apply -k') await manage('apply', '--server-side', '-f', 'deploy/crds/keda.sh.yaml')
    const [first, second] = await start()
    const namespace = await kube.namespace()
    await kube.admin.apply(deployment(namespace, 'office', 0))
    await kube.admin.apply(scaledObject('keda.sh', namespace, 'office', { ...fast, advanced: { ...fast.advanced, restoreToOriginalReplicaCount: true }, triggers: [window(true, 3)] }))
    await kube.admin.apply(scaledObject('tidegate.dev', namespace, 'lost', { advanced: { restoreToOriginalReplicaCount: true }, triggers: [window(true, 3)] }))
    await kube.admin.until<Deployment>(deploymentPath(namespace, 'office'), d => d?.spec.replicas === 3 && d.status?.readyReplicas === 3)
    await kube.admin.until<Scaled>(scaledObjectPath('keda.sh', namespace, 'office'), so => conditionOf(so, 'Active')?.status === 'True')
    await kube.admin.until<Scaled>(scaledObjectPath('tidegate.dev', namespace, 'lost'), so => conditionOf(so, 'Ready')?.status === 'False')
    await looksLikeKeda(namespace)
    if (process.getuid?.() === 0) await hasNoRights(first)
    expect(await first?.stop()).toBe(0)
    await manage('patch', 'so', 'office', '--namespace', namespace, '--type=merge', '--patch', JSON.stringify({ spec: { triggers: [window(true, 5)] } }))
    await kube.admin.until<Deployment>(deploymentPath(namespace, 'office'), d => d?.spec.replicas === 5)
    expect(await second?.stop()).toBe(0)
    expect((await kube.admin.get(scaledObjectPath('keda.sh', namespace, 'office'))).metadata['finalizers']).toEqual(['tidegate.dev/restore-replicas'])
    await letGo()
    await uninstall() // with objects that an operator who is gone would have had to let go of
    await kube.admin.until(deploymentPath('tidegate', 'tidegate'), found => found === undefined)
    expect(await kube.admin.get<Deployment>(deploymentPath(namespace, 'office'))).toMatchObject({ spec: { replicas: 5 } })
    await kube.admin.delete(`/api/v1/namespaces/${namespace}`)
    await kube.admin.until(`/api/v1/namespaces/${namespace}`, found => found === undefined)
  })
})

/** The step before either way of uninstalling, as the guide has it. */
async function letGo (): Promise<void> {
  const path = [dirname(await ensureKubectl()), process.env['PATH']].join(delimiter)
  expect(await runToEnd('sh', ['deploy/let-go.sh'], { env: { PATH: path, KUBECONFIG: kube.adminKubeconfig, KUBECACHEDIR: '/dev/null', KUBERC: 'off' } }))
    .toEqual({ code: 0, error: '', out: expect.stringMatching(/scaledobject.keda.sh\/office patched/) as unknown })
}

/** Columns of `kubectl get so`: KEDA's own; with the reason where the kind is ours. */
async function looksLikeKeda (namespace: string): Promise<void> {
  const rows = async (resource: string): Promise<readonly string[]> => (await manage('get', resource, '--namespace', namespace)).trim().split('\n')
  const [kedas, office] = await rows('scaledobjects.keda.sh')
  expect(kedas?.split(/\s{2,}/)).toEqual(expect.arrayContaining(['NAME', 'SCALETARGETKIND', 'SCALETARGETNAME', 'MIN', 'MAX', 'READY', 'ACTIVE', 'FALLBACK', 'PAUSED', 'TRIGGERS', 'AUTHENTICATIONS', 'AGE']))
  expect(office).toMatch(/^office\s+apps\/v1\.Deployment\s+office\s.*True\s+True\s.*cron/)
  const [ours, lost] = await rows('scaledobjects.tidegate.dev')
  expect(ours?.split(/\s{2,}/)).toContain('REASON')
  expect(lost).toMatch(/^lost\s.*False\s/)
  for (const short of ['so', 'sj', 'trigger']) await manage('get', short, '--all-namespaces')
}

async function hasNoRights (container: Container | undefined): Promise<void> {
  const kernel = await kernelView(container?.process.pid ?? 0)
  expect({ user: kernel.of('Uid'), groups: kernel.of('Groups')?.trim(), rights: kernel.of('CapEff'), bounded: kernel.of('NoNewPrivs'), root: kernel.root?.split(',')[0] })
    .toEqual({ user: '65532\t65532\t65532\t65532', groups: '', rights: '0000000000000000', bounded: '1', root: 'ro' })
}
