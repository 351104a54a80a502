import type { LookupFunction } from 'node:net'
import type { Clock } from '../core/clock.js'
import type { Envelope, Outcome } from '../core/delivery/types.js'
import { errorMessage } from '../core/errors.js'
import { refusedHost } from '../core/refused-address.js'
import type { CallOptions, Endpoint, FunctionEndpoint } from '../runtime/ports.js'
import { guardedLookup } from './address.js'
import { Call, type CallContext } from './call.js'
import { Deadlines } from './deadline.js'
import { PreparedCall } from './prepared-call.js'
import { Target, type ClientClass } from './target.js'

export interface FunctionEndpointOptions {
  readonly clock: Clock
  /** Resolves host names; Node's own unless given. */
  readonly lookup?: LookupFunction
}

/**
 * FunctionEndpoint over HTTP/1.1 with keep-alive connections of its own per address. Redirects are not followed. Where TLS is spoken, undici
 * makes the connections; it is loaded by the first call of such an address.
 */
export function functionEndpoint (options: FunctionEndpointOptions): FunctionEndpoint {
  return new HttpEndpoint(options)
}

class HttpEndpoint implements FunctionEndpoint {
  readonly #clock: Clock
  readonly #lookup: LookupFunction
  readonly #targets = new Map<string, Target | string>()
  readonly #prepared = new WeakMap<CallOptions, PreparedCall>()
  readonly #contexts = new Map<number, CallContext>()
  readonly #groups = new WeakMap<AbortSignal, Set<Call>>()
  readonly #closing = new Set<Promise<void>>()
  #client: ClientClass | undefined
  #loading: Promise<ClientClass> | undefined

  constructor ({ clock, lookup }: FunctionEndpointOptions) {
    this.#clock = clock
    this.#lookup = guardedLookup(lookup)
  }

  send (endpoint: Endpoint, event: Envelope, options: CallOptions, headers: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Outcome> {
    if (this.#targets.has(endpoint.url) || this.#client !== undefined || !isTls(endpoint.url)) return this.#post(endpoint, event, options, headers, signal)
    return this.#load().then(
      () => this.#post(endpoint, event, options, headers, signal),
      (error: unknown) => unreachable(`the HTTP client could not be loaded: ${errorMessage(error)}`))
  }

  forget (endpoint: Endpoint): void {
    const target = this.#targets.get(endpoint.url)
    this.#targets.delete(endpoint.url)
    if (target === undefined || typeof target === 'string') return
    const closed = target.close().then(() => { this.#closing.delete(closed) })
    this.#closing.add(closed)
  }

  /** Calls under way end by themselves, at the latest by their deadline. */
  async close (): Promise<void> {
    for (const url of [...this.#targets.keys()]) this.forget({ id: url, url })
    await Promise.all(this.#closing)
    for (const { deadlines } of this.#contexts.values()) deadlines.close()
  }

  #post (endpoint: Endpoint, event: Envelope, options: CallOptions, more: Readonly<Record<string, string>>, signal: AbortSignal): Promise<Outcome> {
    if (signal.aborted) return Promise.resolve({ kind: 'aborted' })
    const target = this.#target(endpoint.url)
    if (typeof target === 'string') return Promise.resolve(unreachable(target))
    const prepared = this.#preparedFor(options)
    if (prepared.problem !== undefined) return Promise.resolve(unreachable(prepared.problem))
    return new Promise(resolve => {
      const call = new Call(this.#context(options.timeoutMs), target, this.#group(signal), resolve)
      call.client.dispatch({
        path: target.path === '' ? prepared.path : target.path + prepared.path,
        method: prepared.method,
        headers: prepared.headers(event, more),
        fixed: prepared.fixed,
        body: prepared.body(event),
      }, call)
    })
  }

  /** The connections of an address, or why it is never called. */
  #target (url: string): Target | string {
    const known = this.#targets.get(url)
    if (known !== undefined) return known
    const target = refusedUrl(url) ?? new Target(isTls(url) ? this.#client : undefined, new URL(url), this.#lookup)
    this.#targets.set(url, target)
    return target
  }

  #preparedFor (options: CallOptions): PreparedCall {
    let prepared = this.#prepared.get(options)
    if (prepared === undefined) this.#prepared.set(options, prepared = new PreparedCall(options))
    return prepared
  }

  #context (timeoutMs: number): CallContext {
    let context = this.#contexts.get(timeoutMs)
    if (context === undefined) {
      context = { clock: this.#clock, deadlines: new Deadlines(timeoutMs, this.#clock), timeoutMs }
      this.#contexts.set(timeoutMs, context)
    }
    return context
  }

  /** One listener per signal, not per call: a pump sends all its events with the same one. */
  #group (signal: AbortSignal): Set<Call> {
    const known = this.#groups.get(signal)
    if (known !== undefined) return known
    const group = new Set<Call>()
    this.#groups.set(signal, group)
    signal.addEventListener('abort', () => { for (const call of [...group]) call.onAborted() }, { once: true })
    return group
  }

  async #load (): Promise<ClientClass> {
    this.#loading ??= import('undici/lib/dispatcher/client.js').then(module => module.default)
    this.#client = await this.#loading
    return this.#client
  }
}

const isTls = (url: string): boolean => /^https:/i.test(url)

function refusedUrl (url: string): string | undefined {
  if (!URL.canParse(url)) return `${JSON.stringify(url)} is no URL`
  const { hostname, protocol } = new URL(url)
  return protocol === 'http:' || protocol === 'https:' ? refusedHost(hostname) : `${url}: only http and https are called`
}

const unreachable = (message: string): Outcome => ({ kind: 'unreachable', message })
