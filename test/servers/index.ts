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
  kube: {
    title: 'the Kubernetes control plane (kube-apiserver, kube-controller-manager, etcd)',
    variable: 'KUBEBUILDER_ASSETS',
    ensure: async () => (await import('./kube.js')).ensureKube(),
    how: 'install Go 1.26 (https://go.dev/dl) and it is built by itself in about five minutes, or name a folder that has the three programs in KUBEBUILDER_ASSETS',
    container: 'copy the programs out of the images registry.k8s.io/kube-apiserver:v1.36.3, kube-controller-manager:v1.36.3 and etcd:3.6.8-0 into that folder',
  },
  kubectl: {
    title: 'kubectl',
    variable: 'KUBEBUILDER_ASSETS',
    ensure: async () => (await import('./kubectl.js')).ensureKubectl(),
    how: 'install Go 1.26 (https://go.dev/dl) and it is built by itself, or name a folder that has it in KUBEBUILDER_ASSETS',
    container: 'copy the program out of the image registry.k8s.io/kubectl:v1.36.3 into that folder',
  },
  helm: {
    title: 'helm',
    variable: 'TIDEGATE_TEST_HELM',
    ensure: async () => (await import('./helm.js')).ensureHelm(),
    how: 'install Go 1.26 (https://go.dev/dl) and it is built by itself in about three minutes, or name a folder that has it in TIDEGATE_TEST_HELM',
    container: 'copy the program out of an image that has helm 3 into that folder',
  },
  promtool: {
    title: 'promtool',
    variable: 'TIDEGATE_TEST_PROMTOOL',
    ensure: async () => (await import('./promtool.js')).ensurePromtool(),
    how: 'install Go 1.26 (https://go.dev/dl) and it is built by itself in about four minutes, or name a folder that has it in TIDEGATE_TEST_PROMTOOL',
    container: 'copy the program out of the image prom/prometheus:v3.14.0 into that folder',
  },
}

export interface Missing { readonly name: string, readonly server: Server, readonly why: string }

/** Where `npm test` names the servers that its tests need, for the workers. */
const needed = (): readonly string[] => process.env['TIDEGATE_TEST_SERVERS']?.split(',') ?? Object.keys(servers)

/** Has these servers in place, one after the other, and gives back those that could not be had. */
export async function ensureServers (names: readonly string[] = needed()): Promise<readonly Missing[]> {
  const missing: Missing[] = []
  for (const [name, server] of Object.entries(servers).filter(([name]) => names.includes(name))) {
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
