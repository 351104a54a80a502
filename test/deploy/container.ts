import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import type { KubeControlPlane, KubeObject } from '../servers/kube.js'
import type { LogLine } from '../scenario/harness.js'
import { type Image, layOut } from './image.js'

interface Probe { readonly httpGet: { readonly path: string, readonly port: string } }
interface ConfigMapItems { readonly name: string, readonly items?: readonly { readonly key: string, readonly path: string }[] }
interface Source { readonly serviceAccountToken?: { readonly path: string }, readonly configMap?: ConfigMapItems, readonly downwardAPI?: { readonly items: readonly { readonly path: string }[] } }
interface Volume { readonly name: string, readonly emptyDir?: { readonly sizeLimit: string }, readonly configMap?: ConfigMapItems, readonly projected?: { readonly sources: readonly Source[] } }
export interface Pod extends KubeObject {
  readonly spec: {
    readonly serviceAccountName: string
    readonly securityContext: { readonly runAsUser: number, readonly runAsGroup: number }
    readonly volumes: readonly Volume[]
    readonly containers: readonly {
      readonly args: readonly string[]
      readonly ports: readonly { readonly name: string, readonly containerPort: number }[]
      readonly volumeMounts: readonly { readonly name: string, readonly mountPath: string }[]
      readonly readinessProbe: Probe
      readonly livenessProbe: Probe
    }[]
  }
}

/** The first container of a pod, as a process of this machine in a network and a file system of its own. */
export interface Container {
  readonly process: ChildProcess
  readonly log: readonly LogLine[]
  /** The status of a probe; undefined while nothing listens. */
  probe(which: 'readinessProbe' | 'livenessProbe'): Promise<number | undefined>
  /** SIGTERM; the exit code. */
  stop(): Promise<number | null>
}

/**
 * Runs what a kubelet would run for this pod, as the API server admitted it, with the image laid out from the tree: the entry point with the pod's
 * arguments, its volumes and its token, as its user. Not there: seccomp, the memory limit, the base image's own libraries (this machine's stand in).
 */
export async function runContainer (kube: KubeControlPlane, pod: Pod, image: Image): Promise<Container> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-container-'))
  const root = join(folder, 'root')
  await mkdir(root)
  await layOut(image, root)
  const container = pod.spec.containers[0]
  if (container === undefined) throw new Error('a pod without a container')
  const temporary: string[] = []
  for (const { name, mountPath } of container.volumeMounts) {
    const volume = pod.spec.volumes.find(v => v.name === name)
    await mkdir(join(root, mountPath), { recursive: true })
    if (volume?.emptyDir !== undefined) temporary.push(`${mountPath} ${volume.emptyDir.sizeLimit.replace('i', '').toLowerCase()}`)
    for (const [path, text] of Object.entries(await filesOf(kube, pod, volume))) await writeFile(join(root, mountPath, path), text, { mode: 0o644 })
  }
  const api = await relayTo(new URL(kube.url), join(folder, 'api.sock'))
  const { containerPort } = container.ports[0] ?? { containerPort: 0 }
  const socketPath = join(folder, 'port.sock')
  const isRoot = process.getuid?.() === 0
  const environment = { ...image.environment, PATH: '/', HOSTNAME: pod.metadata.name, KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' }
  const child = spawn('unshare', [
    '--mount', '--net', ...isRoot ? [] : ['--map-root-user'], 'sh', resolve('test/deploy/fixtures/container.sh'),
    ...image.entrypoint, ...container.args,
  ], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      ...environment, PATH: process.env['PATH'], ROOT: root, NODE: process.execPath, TMPFS: temporary.join('\n'),
      UID_GID: isRoot ? `${pod.spec.securityContext.runAsUser}:${pod.spec.securityContext.runAsGroup}` : 'self',
      RELAY: [resolve('test/deploy/fixtures/relay.mjs'), join(folder, 'api.sock'), socketPath, containerPort].join(' '),
    },
  })
  const log: LogLine[] = []
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', line => log.push(lineOf(line)))
  return {
    process: child, log,
    probe: which => statusOf(socketPath, container[which].httpGet.path),
    async stop () {
      const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined
      child.kill('SIGTERM')
      await ended
      child.stdin.destroy()
      api.close()
      await rm(folder, { recursive: true, force: true })
      return child.exitCode
    },
  }
}

/** What is in a volume, by path; as a kubelet puts it there. */
async function filesOf (kube: KubeControlPlane, pod: Pod, volume: Volume | undefined): Promise<Readonly<Record<string, string>>> {
  if (volume?.configMap !== undefined) return await configMap(kube, pod, volume.configMap)
  const parts = await Promise.all((volume?.projected?.sources ?? []).map(async ({ serviceAccountToken, configMap: map, downwardAPI }) => ({
    ...serviceAccountToken === undefined ? {} : { [serviceAccountToken.path]: await tokenOf(kube, pod) },
    ...map === undefined ? {} : await configMap(kube, pod, map),
    ...Object.fromEntries((downwardAPI?.items ?? []).map(({ path }) => [path, pod.metadata.namespace ?? ''])),
  })))
  return Object.assign({}, ...parts) as Record<string, string>
}

async function configMap ({ admin }: KubeControlPlane, { metadata: { namespace } }: Pod, { name, items }: ConfigMapItems): Promise<Readonly<Record<string, string>>> {
  const { data } = await admin.get<{ readonly data: Readonly<Record<string, string>> }>(`/api/v1/namespaces/${namespace}/configmaps/${name}`)
  return items === undefined ? data : Object.fromEntries(items.map(({ key, path }) => [path, data[key] ?? '']))
}

/** Of the pod's account, bound to the pod: it ends with it. */
async function tokenOf ({ admin }: KubeControlPlane, { metadata: { namespace, name, uid }, spec }: Pod): Promise<string> {
  const { status } = await admin.request<{ readonly status: { readonly token: string } }>('POST', `/api/v1/namespaces/${namespace}/serviceaccounts/${spec.serviceAccountName}/token`, {
    apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3607, boundObjectRef: { kind: 'Pod', apiVersion: 'v1', name, uid } },
  })
  return status.token
}

async function relayTo ({ hostname, port }: URL, path: string): Promise<Server> {
  const server = createServer(socket => {
    const other = connect(Number(port), hostname)
    socket.pipe(other).pipe(socket)
    socket.on('error', () => other.destroy())
    other.on('error', () => socket.destroy())
  }).listen(path)
  await once(server, 'listening')
  return server
}

function statusOf (socketPath: string, path: string): Promise<number | undefined> {
  return new Promise(resolve => {
    request({ socketPath, path }, response => { response.resume(); resolve(response.statusCode) }).on('error', () => resolve(undefined)).end()
  })
}

function lineOf (text: string): LogLine {
  try {
    return JSON.parse(text) as LogLine
  } catch {
    return { msg: text }
  }
}

/** What the kernel says of a process: a line of its status, and the options its root is mounted with. */
export async function kernelView (pid: number): Promise<{ readonly of: (field: string) => string | undefined, readonly root: string | undefined }> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  const mounts = (await readFile(`/proc/${pid}/mountinfo`, 'utf8')).split('\n').map(line => line.split(' '))
  return { of: field => new RegExp(`^${field}:[ \\t]*(.*)$`, 'm').exec(status)?.[1], root: mounts.findLast(words => words[4] === '/')?.[5] }
}

