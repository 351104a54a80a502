import { createHash } from 'node:crypto'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { KubeConfig } from '@kubernetes/client-node'
import { TidegateError, errorMessage } from '../../core/errors.js'
import type { Clock } from '../../runtime/ports.js'

/** What TLS is opened with. */
export interface TlsMaterial {
  readonly ca?: string | Buffer
  readonly cert?: string | Buffer
  readonly key?: string | Buffer
  readonly servername?: string
  readonly rejectUnauthorized?: boolean
}

/** How to present ourselves now. `digest` changes when the TLS material does. */
export interface Credential { readonly headers: Readonly<Record<string, string>>, readonly tls: TlsMaterial, readonly digest: string }

/** An API server, and the right to ask it. */
export interface Access {
  readonly server: URL
  /** Namespace of the context, or of the pod. */
  readonly namespace: string | undefined
  /** Whether we are a pod of this cluster. */
  readonly isPod: boolean
  /** The credential; `fresh`: read again from its file or command, after a refusal. */
  credential(fresh: boolean): Promise<Credential>
}

/** Tokens are rotated hourly: a file is looked at this often. */
const readAgainMs = 30_000

/** By a kubeconfig file; else as kubectl finds it (KUBECONFIG, the home folder), else as a pod. */
export async function openAccess ({ kubeconfig, clock }: { readonly kubeconfig?: string | undefined, readonly clock: Clock }): Promise<Access> {
  let config = await load(kubeconfig)
  const cluster = config.getCurrentCluster()
  if (cluster === null) throw new TidegateError('TG_CONFIG_INVALID', `${kubeconfig ?? 'the kubeconfig'} names no cluster in its current context`, { hint: 'kubectl config use-context NAME' })
  if (cluster.server.startsWith('http:') && cluster.skipTLSVerify !== true) {
    throw new TidegateError('TG_CONFIG_INVALID', `the kubeconfig has the server ${cluster.server}: a credential is not sent without TLS`, { hint: 'give its https address' })
  }
  if (cluster.proxyUrl !== undefined) throw new TidegateError('TG_CONFIG_NOT_BUILT', 'proxy-url of a kubeconfig is not built yet', { hint: 'reach the API server without a proxy' })
  let kept: { readonly credential: Promise<Credential>, readonly at: number } | undefined
  return {
    server: new URL(cluster.server),
    namespace: config.getContextObject(config.getCurrentContext())?.namespace,
    isPod: config.getCurrentContext() === 'inClusterContext',
    async credential (fresh) {
      if (fresh) config = await load(kubeconfig)
      if (kept === undefined || fresh || clock.monotonic() - kept.at > readAgainMs) kept = { credential: credentialOf(config), at: clock.monotonic() }
      const asked = kept
      try {
        return await asked.credential
      } catch (error) {
        if (kept === asked) kept = undefined // a file that is being replaced, a command that failed: the next request asks again
        throw error
      }
    },
  }
}
async function load (kubeconfig: string | undefined): Promise<KubeConfig> {
  const { KubeConfig } = await import('./kubeconfig.js')
  const config = new KubeConfig()
  try {
    if (kubeconfig === undefined) config.loadFromDefault()
    else config.loadFromFile(kubeconfig)
  } catch (cause) {
    throw new TidegateError('TG_CONFIG_INVALID', `the kubeconfig cannot be read: ${errorMessage(cause)}`, { cause, hint: 'give another with --kubeconfig' })
  }
  if (isMadeUp(config)) throw new TidegateError('TG_CONFIG_INVALID', `no kubeconfig found: KUBECONFIG is not set, there is no ${join(homedir(), '.kube', 'config')}, and this is no pod`, { hint: 'give one with --kubeconfig' })
  return config
}

/** The client's last resort, where it finds nothing: a server on this machine that hardly anybody has. */
const isMadeUp = (config: KubeConfig): boolean => config.getCurrentContext() === 'loaded-context' && config.getCurrentCluster()?.server === 'http://localhost:8080'

async function credentialOf (config: KubeConfig): Promise<Credential> {
  const options: TlsMaterial & { headers?: Record<string, string>, auth?: string } = {}
  await config.applyToHTTPSOptions(options as Parameters<KubeConfig['applyToHTTPSOptions']>[0])
  const { ca, cert, key, servername, rejectUnauthorized, headers, auth } = options
  const tls = Object.fromEntries(Object.entries({ ca, cert, key, servername, rejectUnauthorized }).filter(([, value]) => value !== undefined)) as TlsMaterial
  const basic = auth === undefined ? {} : { authorization: `Basic ${Buffer.from(auth).toString('base64')}` }
  return { headers: { ...headers, ...basic }, tls, digest: digestOf(tls) }
}

function digestOf (tls: TlsMaterial): string {
  const hash = createHash('sha256')
  for (const [name, value] of Object.entries(tls)) hash.update(name).update(typeof value === 'boolean' ? String(value) : value as string | Buffer)
  return hash.digest('hex')
}
