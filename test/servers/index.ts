/** A server that tests run against. */
export interface Server {
  readonly title: string
  /** Where a server that runs already is named; nothing is installed then. */
  readonly variable: string
  /** Has the program in place, installing it once; rejects with the reason where that is not possible. */
  ensure(): Promise<unknown>
  /** How to get it by hand, one line. */
  readonly how: string
  /** How to have it in a container instead, with the variable to set, one line. */
  readonly container: string
}

/** The one place that knows them. A test needs what it imports from this folder: nothing has to be said twice. */
export const servers: Readonly<Record<string, Server>> = {
  nats: {
    title: 'nats-server',
    variable: 'TIDEGATE_TEST_NATS',
    ensure: async () => (await import('./nats.js')).ensureNats(),
    how: 'install Go (https://go.dev/dl) and it is built by itself, or put a nats-server on PATH, or name one in NATS_SERVER_BIN',
    container: 'docker run -d -p 4222:4222 -p 8222:8222 nats:2.12 -js -m 8222 && export TIDEGATE_TEST_NATS=127.0.0.1:4222',
  },
  azurite: {
    title: 'Azurite',
    variable: 'TIDEGATE_AZURITE',
    ensure: async () => (await import('./azurite.js')).ensureAzurite(),
    how: 'let npm reach its registry once: Azurite is installed into ~/.cache/tidegate/servers by itself',
    container: 'docker run -d -p 10001:10001 mcr.microsoft.com/azure-storage/azurite azurite-queue --queueHost 0.0.0.0 --skipApiVersionCheck && export TIDEGATE_AZURITE=http://127.0.0.1:10001',
  },
}

export interface Missing { readonly name: string, readonly server: Server, readonly why: string }

/** Has every server in place, one after the other, and gives back those that could not be had. */
export async function ensureServers (): Promise<readonly Missing[]> {
  const missing: Missing[] = []
  for (const [name, server] of Object.entries(servers)) {
    try {
      await server.ensure()
    } catch (error) {
      missing.push({ name, server, why: error instanceof Error ? error.message : String(error) })
    }
  }
  return missing
}

/** Why a server is not there and how to get it, ready to print. */
export const describeMissing = ({ server, why }: Missing): string =>
  `${server.title} is missing: ${why}\n  get it: ${server.how}\n  or: ${server.container}`
