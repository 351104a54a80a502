import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, constants, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { promisify } from 'node:util'

const version = '2.12.3'
const module = `github.com/nats-io/nats-server/v2@v${version}`

export interface NatsServer {
  readonly port: number
  /** Port of /jsz, /varz and the like. */
  readonly monitoringPort: number
  /** `127.0.0.1:port`, as a user writes it. */
  readonly url: string
  /** Ends it and forgets what it stored. */
  stop(): Promise<void>
  /** SIGKILL. What is in the file store stays. */
  kill(): Promise<void>
  /** Again on the same ports with the same store, after `kill` or as a restart. */
  restart(): Promise<void>
  /** Takes other lines of configuration (users, accounts) as it runs: whom it would not let in any more it sends away. */
  reconfigure(config: string): Promise<void>
}

export interface NatsOptions {
  /** Lines of a server configuration (users, accounts), beside the ports and the store. */
  readonly config?: string
}

/** A server with JetStream and nothing in it, on free ports; or the one that `TIDEGATE_TEST_NATS` (host:port) names, which is neither started nor stopped. */
export async function natsServer (options: NatsOptions = {}): Promise<NatsServer> {
  const running = process.env['TIDEGATE_TEST_NATS'] ?? ''
  return running === '' || options.config !== undefined ? await started(options) : foreign(running)
}

/** The path of a nats-server: NATS_SERVER_BIN, PATH, the cache, or built into the cache by Go once. Rejects with how to get one. */
export async function ensureNats (): Promise<string> {
  const named = process.env['NATS_SERVER_BIN'] ?? ''
  if (named !== '') return named
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tidegate', 'servers')
  const cached = join(cache, `nats-server-${version}`)
  const onPath = (process.env['PATH'] ?? '').split(delimiter).map(folder => join(folder, 'nats-server'))
  for (const candidate of [...onPath, cached]) {
    if (await isProgram(candidate)) return candidate
  }
  await build(cache, cached)
  return cached
}

const isProgram = (path: string): Promise<boolean> => access(path, constants.X_OK).then(() => true, () => false)

/** Built in a folder of its own and then moved: two that build at once do not meet. */
async function build (cache: string, target: string): Promise<void> {
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'build-'))
  try {
    await promisify(execFile)('go', ['install', module], { env: { ...process.env, GOBIN: folder, CGO_ENABLED: '0', GOTOOLCHAIN: 'local' } })
    await rename(join(folder, 'nats-server'), target)
  } catch (cause) {
    throw new Error(`no nats-server in NATS_SERVER_BIN, on PATH or in ${cache}, and "go install ${module}" failed`, { cause })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function foreign (address: string): NatsServer {
  const port = Number(address.split(':').pop())
  const cannot = (): Promise<void> => Promise.reject(new Error(`the nats-server at ${address} was not started here: tests that stop it cannot run against it`))
  return { port, monitoringPort: Number(process.env['TIDEGATE_TEST_NATS_MONITORING'] ?? 8222), url: address, stop: () => Promise.resolve(), kill: cannot, restart: cannot, reconfigure: cannot }
}

async function started ({ config = '' }: NatsOptions): Promise<NatsServer> {
  const program = await ensureNats()
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-nats-'))
  const configFile = join(folder, 'server.conf')
  await writeFile(configFile, config)
  const store = join(folder, 'store')
  let server = await listen(program, ['-c', configFile, '-sd', store], -1, -1)
  const { port, monitoringPort } = server
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (server.process.exitCode !== null || server.process.signalCode !== null) return
    const exited = once(server.process, 'exit')
    server.process.kill(signal)
    await exited
  }
  return {
    port,
    monitoringPort,
    url: `127.0.0.1:${port}`,
    kill: () => end('SIGKILL'),
    async stop () {
      await end('SIGKILL')
      await rm(folder, { recursive: true, force: true })
    },
    async restart () {
      await end('SIGTERM')
      server = await listen(program, ['-c', configFile, '-sd', store], port, monitoringPort)
    },
    async reconfigure (next) {
      await writeFile(configFile, next)
      const reloaded = server.says('Reloaded server configuration')
      server.process.kill('SIGHUP')
      await reloaded
    },
  }
}

interface Listening {
  readonly process: ChildProcess
  readonly port: number
  readonly monitoringPort: number
  /** Resolves at the next line of its log that has these words. */
  says(words: string): Promise<void>
}

/** Resolves at the server's own word that it is ready; `-1` lets it choose a free port. Its log is read to the end: a full pipe would stop it. */
function listen (program: string, args: readonly string[], port: number, monitoringPort: number): Promise<Listening> {
  const child = spawn(program, [...args, '-js', '-a', '127.0.0.1', '-p', String(port), '-m', String(monitoringPort)], { stdio: ['ignore', 'ignore', 'pipe'] })
  const lines = createInterface({ input: child.stderr })
  const said: string[] = []
  const portOf = (what: string): number => Number(said.map(line => new RegExp(`${what} on .*:(\\d+)`).exec(line)?.[1]).find(found => found !== undefined))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    lines.once('close', () => reject(new Error(`nats-server did not start:\n${said.join('\n')}`)))
    lines.on('line', line => {
      if (said.length < 100) said.push(line)
      if (line.includes('Server is ready')) resolve({ process: child, says: words => lineWith(lines, words), port: portOf('Listening for client connections'), monitoringPort: portOf('Starting http monitor') })
    })
  })
}

const lineWith = (lines: Interface, words: string): Promise<void> => new Promise(resolve => {
  const look = (line: string): void => {
    if (!line.includes(words)) return
    lines.off('line', look)
    resolve()
  }
  lines.on('line', look)
})
