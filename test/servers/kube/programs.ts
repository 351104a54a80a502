import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, constants, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { lock } from '../lock.mjs'

/** What the control plane is built from; `k8s/go.mod` and `etcd/go.mod` name the same versions. */
export const kubernetesVersion = '1.36.3'

interface Program { readonly name: ProgramName, readonly module: 'k8s' | 'etcd', readonly package: string }
export type ProgramName = 'kube-apiserver' | 'kube-controller-manager' | 'etcd'
export type Programs = Readonly<Record<ProgramName, string>>

const programs: readonly Program[] = [
  { name: 'etcd', module: 'etcd', package: 'go.etcd.io/etcd/server/v3' },
  { name: 'kube-apiserver', module: 'k8s', package: 'k8s.io/kubernetes/cmd/kube-apiserver' },
  { name: 'kube-controller-manager', module: 'k8s', package: 'k8s.io/kubernetes/cmd/kube-controller-manager' },
]

/** Without these the server calls itself v0.0.0, which clients and its own feature gates take at its word. */
const [major, minor] = kubernetesVersion.split('.')
const linkFlags = [
  '-s', '-w', ...[`gitVersion=v${kubernetesVersion}`, `gitMajor=${major}`, `gitMinor=${minor}`, 'gitTreeState=clean'].flatMap(v => ['-X', `k8s.io/component-base/version.${v}`]),
  '-X', `k8s.io/client-go/pkg/version.gitVersion=v${kubernetesVersion}`,
].join(' ')

const cacheFolder = (): string => join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tidegate', 'servers', `kube-${kubernetesVersion}`)

/** The path of each program: in KUBEBUILDER_ASSETS, in the cache, or built into the cache by Go once (about five minutes). Rejects with the reason where that cannot be. */
export async function ensurePrograms (progress: (line: string) => void): Promise<Programs> {
  const missing = (await Promise.all(programs.map(async program => await pathOf(program.name) === undefined ? [program] : []))).flat()
  if (missing.length > 0) await build(missing, progress)
  const found = await Promise.all(programs.map(async ({ name }) => [name, await pathOf(name) ?? ''] as const))
  return Object.fromEntries(found) as Programs
}

async function pathOf (name: ProgramName): Promise<string | undefined> {
  const assets = process.env['KUBEBUILDER_ASSETS'] ?? ''
  for (const folder of [...assets === '' ? [] : [assets], cacheFolder()]) {
    const path = join(folder, name)
    if (await access(path, constants.X_OK).then(() => true, () => false)) return path
  }
  return undefined
}

async function build (missing: readonly Program[], progress: (line: string) => void): Promise<void> {
  const folder = cacheFolder()
  const isDone = async (): Promise<boolean> => (await Promise.all(missing.map(({ name }) => pathOf(name)))).every(path => path !== undefined)
  const release = await lock(`${folder}.lock`, { isDone, onWait: () => progress('waiting for another build of the Kubernetes control plane') })
  try {
    for (const program of missing) if (await pathOf(program.name) === undefined) await buildOne(program, folder, progress)
  } finally {
    await release()
  }
}

/** Into a folder of its own first: half a program never has the final name. */
async function buildOne ({ name, module, package: path }: Program, folder: string, progress: (line: string) => void): Promise<void> {
  const started = Date.now()
  const seconds = (): number => Math.round((Date.now() - started) / 1000)
  await mkdir(folder, { recursive: true })
  const half = await mkdtemp(`${folder}.half-`)
  progress(`building ${name} into ${folder} (once per machine)`)
  const ticking = setInterval(() => progress(`building ${name}: ${seconds()} s`), 20_000)
  try {
    await go(['build', '-p', '2', '-o', join(half, name), '-ldflags', module === 'k8s' ? linkFlags : '-s -w', path], fileURLToPath(new URL(module, import.meta.url)))
    await rename(join(half, name), join(folder, name))
  } finally {
    clearInterval(ticking)
    await rm(half, { recursive: true, force: true })
  }
  progress(`built ${name} in ${seconds()} s`)
}

/** At the lowest priority: it takes minutes of every core that is free. */
async function go (args: readonly string[], cwd: string): Promise<void> {
  const env = { ...process.env, CGO_ENABLED: '0', GOTOOLCHAIN: 'local', GOWORK: 'off', GOFLAGS: '-trimpath -buildvcs=false' }
  const child = spawn('nice', ['-n', '19', 'go', ...args], { cwd, env, stdio: ['ignore', 'ignore', 'pipe'] })
  const said: string[] = []
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()))
  const [code] = await once(child, 'close') as [number | null]
  if (code === 0) return
  const why = code === 127 ? 'Go is not on PATH' : `"go ${args[0]} ${args.at(-1)}" failed: ${said.join('').trim().split('\n').slice(-3).join(' ')}`
  throw new Error(`not in KUBEBUILDER_ASSETS, and ${why}`)
}
