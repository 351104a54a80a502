import { connect, type LookupFunction, type Socket } from 'node:net'
import { AnswerReader, type AnswerHandler } from './answer-reader.js'
import type { FixedHeaders, FlatHeaders } from './prepared-call.js'

export interface CallRequest {
  readonly method: string
  readonly path: string
  /** Clean: nothing here looks at them again. */
  readonly headers: FlatHeaders
  readonly fixed: FixedHeaders
  readonly body: Uint8Array
}

/** Shorter than the five seconds after which many servers close an idle connection: a call must not cross with that. */
const longestIdleMs = 4_000
/** How much earlier than a server says we give up an idle connection. */
const idleMarginMs = 1_000

/** What is read is looked at once and not kept, so all connections read into the same memory. */
const arriving = Buffer.allocUnsafe(65_536)
/** A call is written here and mostly taken over by the system at once; where it is not, the next call gets memory of its own. */
let leaving = Buffer.allocUnsafe(65_536)

/**
 * One keep-alive connection to a plain HTTP/1.1 server, one call at a time: what a delivery needs of undici's Client, and no more (docs/decisions/http-client.md).
 * A call is one write and its answer one read. An idle connection is closed before the server does it.
 */
export class PlainClient {
  readonly #host: string
  readonly #hostname: string
  readonly #port: number
  readonly #options: { readonly lookup: LookupFunction, readonly connectTimeoutMs: number }
  readonly #reader = new AnswerReader()
  #socket: Socket | undefined
  #handler: AnswerHandler | undefined

  constructor (url: URL, options: { readonly lookup: LookupFunction, readonly connectTimeoutMs: number }) {
    this.#host = url.host
    this.#hostname = url.hostname.replace(/^\[|\]$/g, '')
    this.#port = url.port === '' ? 80 : Number(url.port)
    this.#options = options
  }

  /** The handler is told of the answer, or of the error that came instead; of nothing more after `destroy`. */
  dispatch (request: CallRequest, handler: AnswerHandler): void {
    this.#handler = handler
    this.#reader.begin(handler)
    this.#write(this.#socket ??= this.#connect(), request)
  }

  destroy (): Promise<void> {
    this.#handler = undefined
    this.#drop()
    return Promise.resolve()
  }

  #write (socket: Socket, { method, path, headers, fixed, body }: CallRequest): void {
    let { fields } = fixed
    for (let i = fixed.count; i < headers.length; i += 2) fields += `${headers[i]}: ${headers[i + 1]}\r\n`
    const head = `${method} ${path} HTTP/1.1\r\nhost: ${fixed.host ?? this.#host}\r\nconnection: keep-alive\r\n${fields}content-length: ${body.length}\r\n\r\n`
    const length = head.length + body.length
    if (length > leaving.length) {
      socket.write(head, 'latin1')
      socket.write(body)
      return
    }
    leaving.write(head, 'latin1')
    leaving.set(body, head.length)
    socket.write(leaving.subarray(0, length))
    if (socket.writableLength > 0) leaving = Buffer.allocUnsafe(65_536)
  }

  #connect (): Socket {
    const socket: Socket = connect({
      host: this.#hostname, port: this.#port, lookup: this.#options.lookup, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000,
      onread: { buffer: arriving, callback: length => { this.#read(socket, arriving.subarray(0, length)); return true } },
    })
    const isOurs = (): boolean => this.#socket === socket
    socket.setTimeout(this.#options.connectTimeoutMs, () => {
      if (socket.connecting) socket.destroy(Object.assign(new Error('no connection in time'), { code: 'ETIMEDOUT' }))
      else if (isOurs() && this.#handler === undefined) this.#drop()
    })
    socket.once('connect', () => socket.setTimeout(longestIdleMs))
    socket.once('end', () => { if (isOurs()) this.#ended() })
    socket.on('error', error => { if (isOurs()) this.#fail(error) })
    socket.once('close', () => { if (isOurs()) this.#fail(closedEarly()) })
    return socket
  }

  #read (socket: Socket, bytes: Buffer): void {
    if (this.#socket !== socket) return
    const handler = this.#handler
    if (handler === undefined) { this.#drop(); return } // an answer to nothing
    try {
      if (this.#reader.read(bytes)) this.#complete(socket, handler)
      else handler.onData(bytes)
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #complete (socket: Socket, handler: AnswerHandler): void {
    this.#handler = undefined
    const { isReusable, keepAliveMs } = this.#reader
    if (!isReusable || socket.writableLength > 0) this.#drop() // answered before all of the call was sent: the rest is of no use
    else if (keepAliveMs - idleMarginMs < longestIdleMs) socket.setTimeout(Math.max(1, keepAliveMs - idleMarginMs))
    handler.onComplete()
  }

  #ended (): void {
    const handler = this.#handler
    const socket = this.#socket
    if (handler !== undefined && socket !== undefined && this.#reader.end()) this.#complete(socket, handler)
    else this.#fail(closedEarly())
  }

  #fail (error: Error): void {
    const handler = this.#handler
    this.#handler = undefined
    this.#drop()
    handler?.onError(error)
  }

  #drop (): void {
    const socket = this.#socket
    this.#socket = undefined
    socket?.destroy()
  }
}

const closedEarly = (): Error => Object.assign(new Error('the connection was closed'), { code: 'ECLOSED' })
