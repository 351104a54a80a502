import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { ensureAzurite as install } from './azurite/install.mjs'

/** Azurite's own account; its key is public and stands in its manual. */
const account = 'devstoreaccount1'
const key = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

export interface Azurite {
  readonly port: number
  /** For the SDK and for manifests. */
  readonly connectionString: string
  /** Queue endpoint, with the account's path. */
  readonly url: string
  /** Ends it; queues of a persistent one are on disk then. */
  stop(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
  /** Again on the same port, after `stop` or `kill`; with another key of its account where one is given. */
  restart(accountKey?: string): Promise<void>
}

export interface AzuriteOptions {
  /** Keeps queues in a folder of its own, so that they survive `stop` and `restart`. A server that runs already cannot be asked for it. */
  readonly persistent?: boolean
}

/** Has Azurite in place, unless `TIDEGATE_AZURITE` names one that runs. */
export async function ensureAzurite (): Promise<void> {
  if (running() === undefined) await install()
}

/** A queue server with nothing in it, on a free port; or the one that `TIDEGATE_AZURITE` names, which is neither started nor stopped. */
export async function azurite (options: AzuriteOptions = {}): Promise<Azurite> {
  const address = running()
  return address === undefined ? await started(options) : foreign(address)
}

export const connectionStringFor = (host: string, accountKey = key): string =>
  `DefaultEndpointsProtocol=http;AccountName=${account};AccountKey=${accountKey};QueueEndpoint=${host}/${account};`

const running = (): string | undefined => process.env['TIDEGATE_AZURITE'] === '' ? undefined : process.env['TIDEGATE_AZURITE']

function foreign (address: string): Azurite {
  const host = new URL(address).origin
  const cannot = (): Promise<void> => Promise.reject(new Error(`the Azurite at ${host} was not started here: tests that stop it cannot run against it`))
  return { ...placeOf(host), stop: () => Promise.resolve(), kill: cannot, restart: cannot }
}

const placeOf = (host: string): Pick<Azurite, 'port' | 'connectionString' | 'url'> =>
  ({ port: Number(new URL(host).port), connectionString: connectionStringFor(host), url: `${host}/${account}` })

async function started ({ persistent = false }: AzuriteOptions): Promise<Azurite> {
  const script = await install()
  const folder = persistent ? await mkdtemp(join(tmpdir(), 'tidegate-azurite-')) : undefined
  const storage = folder === undefined ? ['--inMemoryPersistence'] : ['--location', folder]
  let server = await listen(script, 0, storage)
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (server.process.exitCode !== null || server.process.signalCode !== null) return
    server.process.kill(signal)
    await once(server.process, 'exit')
  }
  const place = placeOf(server.host)
  return {
    ...place,
    kill: () => end('SIGKILL'),
    async stop () {
      await end('SIGTERM')
      if (folder !== undefined) await rm(folder, { recursive: true, force: true })
    },
    async restart (accountKey) {
      await end('SIGTERM')
      server = await listen(script, place.port, storage, accountKey)
    },
  }
}

async function listen (script: string, port: number, storage: readonly string[], accountKey = key): Promise<{ process: ChildProcess, host: string }> {
  const child = spawn(process.execPath, [script, '--queueHost', '127.0.0.1', '--queuePort', String(port), ...storage, '--disableTelemetry', '--skipApiVersionCheck'],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, AZURITE_ACCOUNTS: `${account}:${accountKey}` } })
  const said: string[] = []
  child.stderr.on('data', (chunk: Buffer) => said.push(chunk.toString()))
  for await (const line of createInterface(child.stdout)) {
    said.push(line)
    const host = / listens on (http:\/\/[\d.]+:\d+)/.exec(line)?.[1]
    if (host === undefined) continue
    child.stdout.resume() // one line a request; nobody reads on, and a full pipe would stop the server
    return { process: child, host }
  }
  throw new Error(`azurite did not start: ${said.join('\n')}`)
}
