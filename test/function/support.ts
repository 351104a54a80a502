import { setMaxListeners } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { type AddressInfo, type Socket } from 'node:net'
import type { Clock } from '../../src/core/clock.js'
import type { Envelope } from '../../src/core/delivery/types.js'
import { functionEndpoint, type FunctionEndpointOptions } from '../../src/function/endpoint.js'
import type { CallOptions, Endpoint, FunctionEndpoint } from '../../src/runtime/ports.js'

export const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: ms => new Promise(resolve => { setTimeout(resolve, ms) }),
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms)
    return () => clearTimeout(timer)
  },
}

export const event: Envelope = {
  id: 'ORDERS/7', source: 'nats://main/ORDERS', type: 'order.created', contentType: 'application/json', data: Buffer.from('{"n":1}'), extensions: {},
}

export const options: CallOptions = { path: '/', method: 'POST', timeoutMs: 5000, envelope: 'CloudEventsBinary', headers: {}, success: [[200, 299]] }

/** What a server saw of one request. */
export interface Seen { readonly method: string, readonly url: string, readonly headers: IncomingHttpHeaders, readonly body: Buffer }

export interface TestServer extends AsyncDisposable {
  readonly endpoint: Endpoint
  readonly seen: Seen[]
  /** Connections made to it so far. */
  readonly connections: () => number
  /** Of these, open now. */
  readonly open: () => number
}

/** A real HTTP server on a free port. `answer` is called when the body has arrived. */
export async function httpServer (answer: (response: ServerResponse, request: IncomingMessage) => void = response => { response.end() }): Promise<TestServer> {
  const seen: Seen[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) })
      answer(response, request)
    })
  })
  server.on('connection', socket => {
    connections++
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  const { port } = server.address() as AddressInfo
  return {
    endpoint: { id: `s${port}`, url: `http://127.0.0.1:${port}` },
    seen,
    connections: () => connections,
    open: () => sockets.size,
    async [Symbol.asyncDispose] () {
      for (const socket of sockets) socket.destroy()
      await new Promise(resolve => { server.close(resolve) })
    },
  }
}

/** An endpoint under test that closes itself. */
export function caller (more: Partial<FunctionEndpointOptions> = {}): FunctionEndpoint & AsyncDisposable {
  const made = functionEndpoint({ clock, ...more })
  return Object.assign(made, { [Symbol.asyncDispose]: () => made.close() })
}

export const never = new AbortController().signal
setMaxListeners(0, never) // every endpoint of a test file listens to it
