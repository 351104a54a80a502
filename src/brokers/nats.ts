import type { ConnectionOptions, NatsConnection, TlsOptions } from 'nats'
import {
  boolean, errorMessage, keyOf, list, names, secret, string, TidegateError,
  type Clock, type Kit, type Lease, type Secret,
} from '../plugin/index.js'

/** How to reach a NATS server; the same fields for the scaler and the connectors. */
export interface NatsConfig {
  readonly servers: readonly string[] | undefined
  readonly username: string | undefined
  readonly password: Secret | undefined
  readonly token: Secret | undefined
  readonly nkeySeed: Secret | undefined
  readonly credentials: Secret | undefined
  readonly tls: boolean
  readonly ca: string | undefined
  readonly cert: string | undefined
  readonly key: Secret | undefined
}

const server = string({
  summary: 'One server.', pattern: /^((nats|tls):\/\/)?[^@/\s]+\/?$/,
  mustBe: 'must be host:port, without credentials: those come from a TriggerAuthentication',
})

export const natsConnection = {
  servers: list(server, { summary: 'Addresses of the NATS servers, host:port; one that answers is enough.', optional: true, minItems: 1, from: ['metadata', 'auth', 'env'], example: 'nats:4222' }),
  username: string({ summary: 'User name.', optional: true, from: ['auth', 'metadata', 'env'] }),
  password: secret({ summary: 'Password of the user.', optional: true, from: ['auth', 'env'] }),
  token: secret({ summary: 'Token, where the server asks for one.', optional: true, from: ['auth', 'env'] }),
  nkeySeed: secret({ summary: 'Seed of an nkey, begins with SU.', optional: true, from: ['auth', 'env'] }),
  credentials: secret({ summary: 'Text of a .creds file: a user JWT and its seed.', optional: true, aliases: ['creds'], from: ['auth', 'env'] }),
  tls: boolean({ summary: 'Speak TLS; implied by tls:// addresses, ca and cert.', default: false, from: ['metadata', 'auth'] }),
  ca: string({ summary: 'PEM of the authority that signed the servers\' certificates.', optional: true, from: ['auth', 'env'] }),
  cert: string({ summary: 'PEM of the client certificate.', optional: true, from: ['auth', 'env'] }),
  key: secret({ summary: 'PEM of the client certificate\'s key.', optional: true, from: ['auth', 'env'] }),
} as const

/** The first server as `host:port`: the address in messages and in the `source` of events. */
export const natsAddress = (config: NatsConfig): string => (config.servers?.[0] ?? 'nats').replace(/^\w+:\/\//, '').replace(/\/$/, '')

/** Who asks whom: two configs with one key are served by one connection, and get the same answer to the same question. */
export const connectionKey = ({ servers = [], username, password, token, nkeySeed, credentials, tls, ca, cert, key }: NatsConfig): string =>
  keyOf('nats', servers.join(), username, password, token, nkeySeed, credentials, tls, ca, cert, key)

const connectTimeoutMs = 5_000

/**
 * A lease on the one connection to these servers with this credential; it reconnects by itself for ever.
 * Rejects with TG_CONFIG_NO_ADDRESS, TG_SOURCE_UNREACHABLE or TG_SOURCE_REFUSED. It may be closed by the server for good
 * (an expired credential): who holds it long is told by `watchLine`, lets go, and opens again.
 */
export function openNats (config: NatsConfig, kit: Kit): Promise<Lease<NatsConnection>> {
  if (config.servers === undefined || config.servers.length === 0) throw noAddress()
  return kit.share(connectionKey(config), async () => {
    const connection = await connect(config)
    return { value: connection, close: () => closeGently(connection, kit.clock) }
  })
}

async function connect (config: NatsConfig): Promise<NatsConnection> {
  const nats = await import('nats')
  const encoder = new TextEncoder()
  const authenticator = config.credentials !== undefined
    ? nats.credsAuthenticator(encoder.encode(config.credentials.reveal()))
    : config.nkeySeed !== undefined ? nats.nkeyAuthenticator(encoder.encode(config.nkeySeed.reveal())) : undefined
  const options: ConnectionOptions = {
    servers: [...config.servers ?? []], name: names.product, timeout: connectTimeoutMs,
    maxReconnectAttempts: -1, reconnectTimeWait: 250, reconnectJitter: 250, pingInterval: 20_000, noAsyncTraces: true,
    ...(authenticator === undefined ? {} : { authenticator }),
    ...(config.username === undefined ? {} : { user: config.username }),
    ...(config.password === undefined ? {} : { pass: config.password.reveal() }),
    ...(config.token === undefined ? {} : { token: config.token.reveal() }),
    ...(usesTls(config) ? { tls: tlsOptions(config) } : {}),
  }
  try { return await nats.connect(options) } catch (error) { throw sourceError(error, `could not connect to NATS at ${(config.servers ?? []).join(', ')}`) }
}

const usesTls = (config: NatsConfig): boolean => config.tls || config.ca !== undefined || config.cert !== undefined || (config.servers ?? []).some(s => s.startsWith('tls://'))

const tlsOptions = ({ ca, cert, key }: NatsConfig): TlsOptions => ({
  ...(ca === undefined ? {} : { ca }),
  ...(cert === undefined ? {} : { cert }),
  ...(key === undefined ? {} : { key: key.reveal() }),
})

const refusals = new Set(['AUTHORIZATION_VIOLATION', 'AUTHENTICATION_EXPIRED', 'AUTHENTICATION_TIMEOUT', 'PERMISSIONS_VIOLATION', 'BAD_CREDS', 'BAD_AUTHENTICATION'])

/** Any error of the NATS client as ours: who refused has other remedies than who is away. */
export function sourceError (error: unknown, what: string): TidegateError {
  if (error instanceof TidegateError) return error
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const isRefusal = refusals.has(code) || /authorization violation|authentication|permissions violation/i.test(errorMessage(error))
  return new TidegateError(isRefusal ? 'TG_SOURCE_REFUSED' : 'TG_SOURCE_UNREACHABLE', `${what}: ${code === '' ? errorMessage(error) : describe(code, error)}`, {
    cause: error, ...(isRefusal ? { hint: 'look at the TriggerAuthentication that authenticationRef names, and at the permissions of its user' } : {}),
  })
}

function describe (code: string, error: unknown): string {
  const chained = error instanceof Error && 'chainedError' in error && error.chainedError instanceof Error ? error.chainedError : undefined
  // The client's own word for a socket that closed before the server spoke; it says nothing to people.
  const cause = chained?.message.includes('undefined error') === true ? undefined : chained
  return cause === undefined ? code.toLowerCase().replaceAll('_', ' ') : `${code.toLowerCase().replaceAll('_', ' ')} (${errorMessage(cause)})`
}

const noAddress = (): TidegateError => new TidegateError('TG_CONFIG_NO_ADDRESS', 'no address of a NATS server', {
  hint: `write servers beside the subject, or servers in the TriggerAuthentication, or defaults.nats.servers in ${names.product}.yaml`,
})

/** Sends what is under way, for a second at most, then closes. A server that is away withholds nothing. */
async function closeGently (connection: NatsConnection, clock: Clock): Promise<void> {
  if (connection.isClosed()) return
  await Promise.race([connection.flush().catch(() => undefined), clock.sleep(1_000)])
  await connection.close()
}
