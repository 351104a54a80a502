import type { LookupFunction } from 'node:net'
import type { Client as UndiciClient } from 'undici'
import type { AnswerHandler } from './answer-reader.js'
import { PlainClient, type CallRequest } from './plain-client.js'

export type ClientClass = typeof UndiciClient

/** A connection for one call at a time: our own, or undici's where TLS is spoken. */
export interface Client {
  dispatch(request: CallRequest, handler: AnswerHandler): unknown
  destroy(): Promise<void>
}

/** Connections are made in a cluster or on this machine; one that takes longer is not going to be made. */
const connectTimeoutMs = 5_000

/**
 * A place that events are POSTed to, and its keep-alive connections, the one used last is used first.
 * undici's own Pool frees a connection a turn of the event loop after the answer, so that a busy pump would keep two for each event in flight.
 */
export class Target {
  readonly origin: string
  /** Path of the address itself, before that of the call; empty for most. */
  readonly path: string
  readonly #make: () => Client
  readonly #free: Client[] = []
  #busy = 0
  #isClosed = false
  #onIdle: (() => void) | undefined

  /** `ClientOf` makes the connections; without it they are plain ones of our own. */
  constructor (ClientOf: ClientClass | undefined, url: URL, lookup: LookupFunction) {
    this.origin = url.origin
    this.path = url.pathname.replace(/\/$/, '')
    this.#make = () => ClientOf === undefined ? new PlainClient(url, { lookup, connectTimeoutMs }) : new ClientOf(url.origin, {
      // A call's own deadline covers all of it; undici's would be kept to half a second only.
      headersTimeout: 0, bodyTimeout: 0,
      connect: { timeout: connectTimeoutMs, lookup },
    })
  }

  take (): Client {
    this.#busy++
    return this.#free.pop() ?? this.#make()
  }

  /** After a call ended by itself: its connection, or the next one that the client makes, is good for another. */
  give (client: Client): void {
    if (this.#isClosed) destroy(client)
    else this.#free.push(client)
    this.#left()
  }

  /** After a call was ended by us: the connection still has half of it. */
  discard (client: Client): void {
    destroy(client)
    this.#left()
  }

  /** Closes idle connections now and the others after their call; resolves when no call is under way. */
  close (): Promise<void> {
    this.#isClosed = true
    for (const client of this.#free.splice(0)) destroy(client)
    return this.#busy === 0 ? Promise.resolve() : new Promise(resolve => { this.#onIdle = resolve })
  }

  #left (): void {
    this.#busy--
    if (this.#busy === 0) this.#onIdle?.()
  }
}

/** What was under way is told through its handler, which has ended already; a client destroyed twice is destroyed. */
const destroy = (client: Client): void => { client.destroy().catch(() => undefined) }
