import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, constants, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { basename, join } from 'node:path'
import { lock } from './lock.mjs'

/** A program that Go builds from a module of its own in this folder: its go.sum says what of. */
export interface GoProgram {
  readonly name: string
  readonly package: string
  /** Folder of the go.mod. */
  readonly module: string
  readonly linkFlags?: string
  readonly tags?: string
}

export interface GoPrograms<N extends string> {
  readonly title: string
  /** Folder of the cache, with the version in its name. */
  readonly cache: string
  /** Where a program may be already: a folder, or nothing. */
  readonly assets: string | undefined
  readonly programs: readonly (GoProgram & { readonly name: N })[]
}

type Progress = (line: string) => void

/** The path of each program: in the assets, in the cache, or built into the cache once per machine. Rejects with the reason where that cannot be. */
export async function ensureGoPrograms<N extends string> (wanted: GoPrograms<N>, progress: Progress): Promise<Readonly<Record<N, string>>> {
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tidegate', 'servers', wanted.cache)
  const folders = [...wanted.assets === undefined || wanted.assets === '' ? [] : [wanted.assets], folder]
  const missing = await notIn(folders, wanted.programs)
  if (missing.length > 0) await build(wanted.title, missing, { folder, folders, progress })
  const found = await Promise.all(wanted.programs.map(async ({ name }) => [name, await pathOf(name, folders) ?? ''] as const))
  return Object.fromEntries(found) as Record<N, string>
}

async function pathOf (name: string, folders: readonly string[]): Promise<string | undefined> {
  for (const folder of folders) {
    const path = join(folder, name)
    if (await access(path, constants.X_OK).then(() => true, () => false)) return path
  }
  return undefined
}

async function notIn (folders: readonly string[], programs: readonly GoProgram[]): Promise<readonly GoProgram[]> {
  return (await Promise.all(programs.map(async program => await pathOf(program.name, folders) === undefined ? [program] : []))).flat()
}

interface Building { readonly folder: string, readonly folders: readonly string[], readonly progress: Progress }

async function build (title: string, missing: readonly GoProgram[], { folder, folders, progress }: Building): Promise<void> {
  const isDone = async (): Promise<boolean> => (await notIn(folders, missing)).length === 0
  const release = await lock(`${folder}.lock`, { isDone, onWait: () => progress(`waiting for another build of ${title}`) })
  try {
    for (const program of await notIn(folders, missing)) await buildOne(program, folder, progress)
  } finally {
    await release()
  }
}

/** Into a folder of its own first: half a program never has the final name. */
async function buildOne ({ name, module, package: path, linkFlags = '-s -w', tags = '' }: GoProgram, folder: string, progress: Progress): Promise<void> {
  const started = Date.now()
  const seconds = (): number => Math.round((Date.now() - started) / 1000)
  await mkdir(folder, { recursive: true })
  const half = await mkdtemp(`${folder}.half-`)
  progress(`building ${name} into ${folder} (once per machine)`)
  const ticking = setInterval(() => progress(`building ${name}: ${seconds()} s`), 20_000)
  try {
    await go(['build', '-p', '2', '-o', join(half, name), '-ldflags', linkFlags, '-tags', tags, path], module)
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
  throw new Error(code === 127 ? 'Go is not on PATH' : `"go build" of ${basename(cwd)} failed: ${said.join('').trim().split('\n').slice(-3).join(' ')}`)
}
