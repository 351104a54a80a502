import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'

const source = join(import.meta.dirname, '..', 'sink')

export interface SinkProgram {
  readonly command: readonly string[]
  /** What a reader of the figures must know of it. */
  readonly note: string | undefined
}

/**
 * The sink in Go, built once per source (a second build with nothing changed costs a tenth of a second). Without a Go
 * toolchain one on Node: dearer, so that the other CPU may limit the rate; CPU per event still holds.
 */
export function sinkProgram (): SinkProgram {
  if (spawnSync('go', ['version']).status !== 0) return { command: [process.execPath, join(source, 'sink.mjs')], note: 'the sink runs on Node, since Go is not installed: rates are capped' }
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tidegate', 'bench')
  mkdirSync(folder, { recursive: true })
  const program = join(folder, 'tidegate-sink')
  execFileSync('go', ['build', '-o', program, '.'], { cwd: source, env: { ...process.env, CGO_ENABLED: '0' }, stdio: 'inherit' })
  return { command: [program], note: undefined }
}

/** Name of the sink's process, for telling it from the subject that starts it. */
export const sinkName = 'tidegate-sink'

/** A count that the sink keeps in a mapped file. */
export interface SinkCounter { readonly path: string, read(): number, reset(): void, close(): void }

export function sinkCounter (folder: string, name: string): SinkCounter {
  const path = join(folder, name)
  writeFileSync(path, Buffer.alloc(8))
  const file = openSync(path, 'r+')
  const buffer = Buffer.alloc(8)
  let base = 0n
  const raw = (): bigint => {
    readSync(file, buffer, 0, 8, 0)
    return buffer.readBigUInt64LE()
  }
  return {
    path,
    read: () => Number(raw() - base),
    reset: () => { base = raw() },
    close: () => {
      closeSync(file)
      rmSync(path, { force: true })
    },
  }
}

export interface Sink { readonly url: string, readonly pid: number, stop(): Promise<void> }

export async function startSink ({ command }: SinkProgram, counter: SinkCounter): Promise<Sink> {
  const port = await freePort()
  const [program = '', ...args] = command
  const child = spawn(program, args, { env: { ...process.env, GOMAXPROCS: '1', PORT: String(port), SINK_COUNTER: counter.path }, stdio: ['ignore', 'pipe', 'inherit'] })
  await Promise.race([once(child.stdout, 'data'), failed(child)])
  return {
    url: `http://127.0.0.1:${port}/`,
    pid: child.pid ?? NaN,
    async stop () {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

async function failed (child: ChildProcess): Promise<never> {
  await once(child, 'exit')
  throw new Error(`the sink ended with ${child.exitCode ?? child.signalCode ?? 'nothing'} before it listened`)
}

async function freePort (): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port was given')
  return address.port
}
