import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'

/** A number behind an HTTP address, as somebody's service would show it. */
export interface MetricsServer {
  /** Answers `{"value": n}`. */
  readonly url: string
  /** What it answers with from now on. */
  set(value: number): void
  /** Answers like this instead, until `set`. */
  answer(status: number, body: string): void
  /** Requests so far. */
  readonly asked: readonly IncomingMessage[]
  /** Refuses connections until `start`, on the same port. */
  stop(): Promise<void>
  start(): Promise<void>
}

export interface MetricsServerOptions {
  /** Requests that it does not like get a 401. */
  readonly allows?: (request: IncomingMessage) => boolean
  readonly tls?: { readonly cert: string, readonly key: string, readonly ca?: string, readonly requestCert?: boolean }
}

export async function metricsServer (value = 0, { allows = () => true, tls }: MetricsServerOptions = {}): Promise<MetricsServer> {
  const asked: IncomingMessage[] = []
  let answer: readonly [number, string] = [200, JSON.stringify({ value })]
  const handle: RequestListener = (request: IncomingMessage, response: ServerResponse) => {
    asked.push(request)
    const [status, body] = allows(request) ? answer : [401, 'no'] as const
    response.writeHead(status, { 'content-type': 'application/json' }).end(body)
  }
  let server: Server
  let port = 0
  const start = async (): Promise<void> => {
    server = tls === undefined ? createServer(handle) : createTlsServer({ ...tls, rejectUnauthorized: tls.requestCert === true }, handle)
    await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
    port = (server.address() as AddressInfo).port
  }
  await start()
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}/stats`,
    asked, start,
    set (next) { answer = [200, JSON.stringify({ value: next })] },
    answer (status, body) { answer = [status, body] },
    async stop () {
      await new Promise<void>(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    },
  }
}
