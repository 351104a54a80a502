import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../src/local/free-port.js'
import { type AuditEntry, auditPolicy, readAuditLog } from './kube/audit.js'
import { type Authority, authority, tokenKeys } from './kube/certificates.js'
import { type KubeClient, kubeClient } from './kube/client.js'
import { apiServerFlags, auditFile, controllerManagerFlags, etcdFlags, etcdUrl, type Place } from './kube/flags.js'
import { type FakeKubelet, fakeKubelet } from './kube/kubelet.js'
import { ensurePrograms, type Programs } from './kube/programs.js'
import { run, type Running } from './kube/processes.js'

export { type KubeClient, KubeError, type KubeObject } from './kube/client.js'
export type { AuditEntry } from './kube/audit.js'

/** kube-apiserver, etcd, a few controllers, and a kubelet that runs nothing. */
export interface KubeControlPlane {
  readonly url: string
  /** PEM. */
  readonly ca: string
  /** Path of a kubeconfig with every right. */
  readonly adminKubeconfig: string
  /** As administrator. */
  readonly admin: KubeClient
  readonly kubelet: FakeKubelet
  /**
   * Path of a new kubeconfig for a user without rights of its own. `system:serviceaccount:NAMESPACE:NAME` gets a token of that account,
   * which must be there; any other name a client certificate.
   */
  kubeconfig(user: string, groups?: readonly string[]): Promise<string>
  /** A new namespace whose pods can start: its service account is there. */
  namespace(name?: string): Promise<string>
  /** SIGKILL and a new process on the same port with the same data. */
  restartApiServer(): Promise<void>
  /** SIGKILL; the port then refuses connections until `restartApiServer`. */
  killApiServer(): Promise<void>
  /** Forgets the past: together with `restartApiServer`, whoever asks for an older version gets a 410. */
  compactEtcd(): Promise<void>
  /** Every request that was answered before this call. */
  auditLog(): Promise<readonly AuditEntry[]>
  stop(): Promise<void>
}

/** Has the three programs in place; rejects with the reason where that cannot be. */
export async function ensureKube (progress: (line: string) => void = line => process.stderr.write(`${line}\n`)): Promise<void> {
  await ensurePrograms(progress)
}

/** A control plane with nothing in it, ready after about four seconds. */
export async function kubeControlPlane (): Promise<KubeControlPlane> {
  const programs = await ensurePrograms(line => process.stderr.write(`${line}\n`))
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-kube-'))
  const certificates = authority('test-ca')
  await writeKeys(folder, certificates)
  const { place, etcd, apiServer } = await startServers(programs, folder)
  return controlPlane({ programs, place, certificates, etcd, apiServer })
}

async function writeKeys (folder: string, ca: Authority): Promise<void> {
  const proxyCa = authority('front-proxy-ca') // another one: else every client's certificate would do for a proxy's
  const server = ca.issue({ commonName: 'kube-apiserver', hosts: ['localhost', 'kubernetes', 'kubernetes.default', 'kubernetes.default.svc', '127.0.0.1', '10.0.0.1'] })
  const proxy = proxyCa.issue({ commonName: 'front-proxy-client' })
  const tokens = tokenKeys()
  const files = {
    'ca.crt': ca.certificate, 'apiserver.crt': server.certificate, 'apiserver.key': server.key,
    'front-proxy-ca.crt': proxyCa.certificate, 'front-proxy-client.crt': proxy.certificate, 'front-proxy-client.key': proxy.key,
    'sa.key': tokens.privateKey, 'sa.pub': tokens.publicKey, 'audit-policy.yaml': JSON.stringify(auditPolicy),
  }
  await Promise.all(Object.entries(files).map(([name, text]) => writeFile(join(folder, name), text, { mode: 0o600 })))
}

interface Servers { readonly place: Place, readonly etcd: Running, readonly apiServer: Running }

/** A free port may be taken by another before the server has it, so there are three tries. */
async function startServers (programs: Programs, folder: string, tries = 3): Promise<Servers> {
  const taken = new Set<number>()
  const port = async (): Promise<number> => {
    const free = await freePort(Math.random, taken)
    taken.add(free)
    return free
  }
  const place = { folder, etcdPort: await port(), peerPort: await port(), apiPort: await port() }
  const etcd = run(programs.etcd, etcdFlags(place))
  const apiServer = run(programs['kube-apiserver'], apiServerFlags(place))
  try {
    await ready(place, [etcd, apiServer])
    return { place, etcd, apiServer }
  } catch (error) {
    await Promise.all([etcd.kill(), apiServer.kill()])
    await rm(join(folder, 'etcd'), { recursive: true, force: true })
    if (tries === 1) throw error
    return await startServers(programs, folder, tries - 1)
  }
}

const apiUrl = ({ apiPort }: Place): string => `https://127.0.0.1:${apiPort}`

async function controlPlane (parts: Servers & { readonly programs: Programs, readonly certificates: Authority }): Promise<KubeControlPlane> {
  const { place, programs, certificates, etcd } = parts
  let { apiServer } = parts
  const url = apiUrl(place)
  const ca = certificates.certificate
  const config = (name: string, credentials: Credentials): Promise<string> => writeKubeconfig(place, name, ca, credentials)
  const byCertificate = (commonName: string, organizations: readonly string[]): Credentials => {
    const { key, certificate } = certificates.issue({ commonName, organizations })
    return { 'client-key-data': base64(key), 'client-certificate-data': base64(certificate) }
  }
  const client = (userAgent: string): KubeClient => kubeClient({ url, ca, userAgent, ...certificates.issue({ commonName: userAgent, organizations: ['system:masters'] }) })
  await config('controller-manager', byCertificate('system:kube-controller-manager', []))
  const adminKubeconfig = await config('admin', byCertificate('admin', ['system:masters']))
  const controllerManager = run(programs['kube-controller-manager'], controllerManagerFlags(place))
  const admin = client('test-admin')
  const kubeletClient = client('fake-kubelet')
  const kubelet = await fakeKubelet(kubeletClient)
  return {
    url, ca, adminKubeconfig, admin, kubelet,
    async kubeconfig (user, groups = []) {
      const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user) ?? []
      const credentials = namespace === undefined || name === undefined ? byCertificate(user, groups) : { token: await tokenOf(admin, namespace, name) }
      return await config(`${user.replaceAll(':', '-')}-${randomUUID()}`, credentials)
    },
    async namespace (name = `test-${randomUUID().slice(0, 8)}`) {
      await admin.request('POST', '/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
      await admin.until(`/api/v1/namespaces/${name}/serviceaccounts/default`, account => account !== undefined)
      return name
    },
    killApiServer: () => apiServer.kill(),
    async restartApiServer () {
      await apiServer.kill()
      apiServer = run(programs['kube-apiserver'], apiServerFlags(place))
      await ready(place, [etcd, apiServer])
    },
    compactEtcd: () => compact(place),
    auditLog: () => auditLog(place, admin),
    async stop () {
      await kubelet.stop()
      await Promise.all([controllerManager.kill(), apiServer.kill(), etcd.kill(), admin.close(), kubeletClient.close()])
      await rm(place.folder, { recursive: true, force: true })
    },
  }
}

/** Until the server says that it is ready; rejects with a log where a process ended before that, or after a minute. */
async function ready (place: Place, processes: readonly Running[]): Promise<void> {
  const client = kubeClient({ url: apiUrl(place), ca: await readFile(join(place.folder, 'ca.crt'), 'utf8'), userAgent: 'test-probe' })
  const deadline = Date.now() + 60_000
  try {
    while (!await client.get('/readyz').then(() => true, () => false)) {
      const ended = processes.find(p => p.hasEnded())
      if (ended !== undefined) throw new Error(`a process of the control plane ended:\n${ended.log()}`)
      if (Date.now() > deadline) throw new Error(`the control plane was not ready after a minute:\n${processes.map(p => p.log()).join('\n')}`)
      await sleep(50)
    }
  } finally {
    await client.close()
  }
}

type Credentials = { readonly token: string } | { readonly 'client-key-data': string, readonly 'client-certificate-data': string }

const base64 = (text: string): string => Buffer.from(text).toString('base64')

async function writeKubeconfig (place: Place, name: string, ca: string, credentials: Credentials): Promise<string> {
  const file = join(place.folder, `${name}.conf`)
  await writeFile(file, JSON.stringify({
    apiVersion: 'v1', kind: 'Config', 'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server: apiUrl(place), 'certificate-authority-data': base64(ca) } }],
    users: [{ name, user: credentials }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: name } }],
  }), { mode: 0o600 })
  return file
}

async function tokenOf (admin: KubeClient, namespace: string, name: string): Promise<string> {
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } }
  const { status } = await admin.request<{ readonly status: { readonly token: string } }>('POST', `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`, request)
  return status.token
}

/** At the present revision, by etcd's own gateway for JSON. */
async function compact (place: Place): Promise<void> {
  const ask = async (what: string, body: unknown): Promise<unknown> => {
    const response = await fetch(`${etcdUrl(place)}/v3/kv/${what}`, { method: 'POST', body: JSON.stringify(body) })
    if (!response.ok) throw new Error(`etcd ${what}: ${response.status} ${await response.text()}`)
    return await response.json()
  }
  const { header: { revision } } = await ask('range', { key: base64('/'), limit: 1 }) as { readonly header: { readonly revision: string } }
  await ask('compaction', { revision, physical: true })
}

/** A request of our own comes last in the log; once it is there, so are all before it. */
async function auditLog (place: Place, admin: KubeClient): Promise<readonly AuditEntry[]> {
  const mark = `/livez?mark=${randomUUID()}`
  await admin.get(mark)
  for (;;) {
    const entries = await readAuditLog(auditFile(place))
    const last = entries.findIndex(({ uri }) => uri === mark)
    if (last >= 0) return entries.slice(0, last)
    await sleep(20)
  }
}
