import type { Dispatcher, Pool } from 'undici'
import { errorMessage } from '../../core/errors.js'
import { names } from '../../core/names.js'
import type { Clock, Log } from '../../runtime/ports.js'
import type { Access, Credential } from './access.js'
import { ApiError, errorOfAnswer, unreachable } from './api-error.js'
import { Gate, type Urgency } from './gate.js'
import type { Meter } from './meter.js'

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With its query. */
  readonly path: string
  readonly urgency: Urgency
  readonly body?: unknown
  /** Of a PATCH: a merge patch unless given. */
  readonly contentType?: string
  readonly timeoutMs?: number
  /** Called in the instant before it is sent; what it throws is what the call rejects with. */
  readonly guard?: () => void
}

export interface KubeHttpParts { readonly access: Access, readonly clock: Clock, readonly log: Log, readonly version: string, readonly meter?: Meter }

/** Tries of one call: an overloaded server, and for what changes nothing any passing fault. */
const tries = 3
const pauseMs = 200
/** A server that asks for more than this is asked again all the same. */
const longestPauseMs = 10_000
const timeoutMs = 15_000

/** Our own requests to an API server: connections are kept, credentials follow their files, urgent calls come first. */
export class KubeHttp {
  readonly #parts: KubeHttpParts
  readonly #gate: Gate
  readonly #userAgent: string
  /** An API server may live below a path (Rancher's do). */
  readonly #prefix: string
  #pools: { readonly digest: string, readonly calls: Pool, readonly streams: Pool } | undefined
  readonly #draining = new Set<Promise<void>>()

  constructor (parts: KubeHttpParts) {
    this.#parts = parts
    this.#gate = new Gate(parts.clock, parts.meter)
    this.#userAgent = `${names.userAgent}/${parts.version}`
    this.#prefix = parts.access.server.pathname.replace(/\/$/, '')
  }

  /** The answer's body. Rejects with an ApiError. */
  async request<T> (call: Call): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#gate.pass(call.urgency, () => this.#authorized(credential => this.#once<T>(call, credential)))
      } catch (error) {
        if (!(error instanceof ApiError) || attempt >= tries || !mayRepeat(call, error)) throw error
        const wait = Math.min(error.retryAfterMs ?? pauseMs * 2 ** (attempt - 1), longestPauseMs)
        if (error.status === 429) this.#gate.pause(wait)
        await this.#parts.clock.sleep(wait)
      }
    }
  }

  /** GET of something that may not be there. */
  async find<T> (path: string, urgency: Urgency = 'read', limit = timeoutMs): Promise<T | undefined> {
    try {
      return await this.request<T>({ method: 'GET', path, urgency, timeoutMs: limit })
    } catch (error) {
      if (error instanceof ApiError && error.isMissing) return undefined
      throw error
    }
  }

  /** A body that goes on until the signal aborts or the server ends it. Rejects with an ApiError where it does not begin. */
  stream (path: string, signal: AbortSignal): Promise<AsyncIterable<Buffer>> {
    return this.#authorized(async credential => {
      const { streams } = await this.#poolsFor(credential)
      const answer = await this.#send(streams, path, { method: 'GET', path, headers: this.#headers(credential), signal })
      if (answer.statusCode !== 200) throw await this.#refusal(answer, `GET ${path}`)
      return answer.body as AsyncIterable<Buffer>
    })
  }

  async close (): Promise<void> {
    const pools = this.#pools
    this.#pools = undefined
    await Promise.all([pools?.calls.destroy(), pools?.streams.destroy(), ...this.#draining])
  }

  /** A refused credential is read again once: the token may have been rotated a moment ago. */
  async #authorized<T> (send: (credential: Credential) => Promise<T>): Promise<T> {
    try {
      return await send(await this.#parts.access.credential(false))
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error
      return send(await this.#parts.access.credential(true))
    }
  }

  async #once<T> (call: Call, credential: Credential): Promise<T> {
    const { method, path, body, contentType, timeoutMs: limit = timeoutMs } = call
    const { calls } = await this.#poolsFor(credential)
    call.guard?.()
    const type = body === undefined ? {} : { 'content-type': contentType ?? (method === 'PATCH' ? 'application/merge-patch+json' : 'application/json') }
    const answer = await this.#send(calls, `${method} ${path}`, {
      method, path, headers: { ...this.#headers(credential), ...type }, headersTimeout: limit, bodyTimeout: limit,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    if (answer.statusCode >= 300) throw await this.#refusal(answer, `${method} ${path}`)
    return await this.#read(() => answer.body.json(), `${method} ${path}`) as T
  }

  #headers (credential: Credential): Record<string, string> {
    return { accept: 'application/json', 'user-agent': this.#userAgent, ...credential.headers }
  }

  async #send (pool: Pool, asked: string, options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData> {
    const { clock, meter } = this.#parts
    const verb = options.path.includes('watch=true') ? 'watch' : options.method.toLowerCase()
    const began = clock.monotonic()
    try {
      const answer = await pool.request({ ...options, path: this.#prefix + options.path })
      meter?.asked(verb, answer.statusCode, clock.monotonic() - began)
      return answer
    } catch (error) {
      meter?.asked(verb, 0, clock.monotonic() - began)
      throw unreachable(asked, error)
    }
  }

  async #refusal (answer: Dispatcher.ResponseData, asked: string): Promise<ApiError> {
    const retryAfter = answer.headers['retry-after']
    return errorOfAnswer(answer.statusCode, await this.#read(() => answer.body.text(), asked), Array.isArray(retryAfter) ? retryAfter[0] : retryAfter, asked)
  }

  async #read<T> (read: () => Promise<T>, asked: string): Promise<T> {
    try {
      return await read()
    } catch (error) {
      throw unreachable(asked, error)
    }
  }

  /** Other TLS material means other connections; what is under way on the old ones finishes there. */
  async #poolsFor ({ digest, tls }: Credential): Promise<{ readonly calls: Pool, readonly streams: Pool }> {
    if (this.#pools?.digest === digest) return this.#pools
    const { Pool } = await import('undici')
    if (this.#pools?.digest === digest) return this.#pools
    const old = this.#pools
    const { origin } = this.#parts.access.server
    const connect = { ...tls, keepAlive: true, keepAliveInitialDelay: 30_000, timeout: timeoutMs }
    this.#pools = {
      digest,
      calls: new Pool(origin, { connect, connections: 20, keepAliveTimeout: 60_000 }),
      streams: new Pool(origin, { connect, bodyTimeout: 0, headersTimeout: timeoutMs }),
    }
    if (old !== undefined) {
      this.#drain(old.calls)
      this.#drain(old.streams)
    }
    return this.#pools
  }

  #drain (pool: Pool): void {
    const drained = pool.close()
      .catch((error: unknown) => this.#parts.log.debug({ err: errorMessage(error) }, 'old connections to the API server did not close cleanly'))
      .finally(() => { this.#draining.delete(drained) })
    this.#draining.add(drained)
  }
}

/** 429 says that nothing was done; a write that got no answer may have been. */
const mayRepeat = ({ method, urgency }: Call, error: ApiError): boolean =>
  urgency !== 'lease' && (error.status === 429 || (method === 'GET' && error.isPassing))
