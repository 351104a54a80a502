import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { TidegateError, errorMessage } from '../core/errors.js'
import type { ObjectStatus } from '../runtime/ports.js'
import type { Metrics } from './metrics.js'
import { scrub } from './scrub.js'

export interface HttpServerOptions {
  /** Loopback unless given. `/status` is served to others only with a token; probes and metrics are open. */
  readonly host?: string
  /** 0: a free one. */
  readonly port: number
  /** What stands still, so that the process should be restarted; empty when nothing does. */
  stuck(): readonly string[]
  /** Why it is not ready (starting, draining); empty when it is. */
  ready(): readonly string[]
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>
  status(): readonly ObjectStatus[]
  /** Asked for as `Authorization: Bearer …` by `/status` where it is given. */
  readonly token?: string
}

export interface HttpServer {
  /** Resolves with the address when it listens. Rejects with TG_PORT_IN_USE or TG_CONFIG_INVALID, and what to do. */
  start(): Promise<{ readonly host: string, readonly port: number }>
  /** May be called twice, and before `start`. */
  stop(): Promise<void>
}

/** `/healthz`, `/readyz`, `/metrics` and `/status`. It listens after `start`; fastify, a third of what a start would load, comes with the first request. */
export function httpServer (options: HttpServerOptions): HttpServer {
  const host = options.host ?? '127.0.0.1'
  let server: Server | undefined
  let pages: Promise<FastifyInstance> | undefined
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    pages ??= openPages(options, isLoopback(host))
    pages.then(opened => opened.routing(request, response), (error: unknown) => response.writeHead(500).end(errorMessage(error)))
  }
  return {
    async start () {
      const { createServer } = await import('node:http')
      server = createServer(answer)
      await listening(server, host, options.port)
      const { port } = server.address() as AddressInfo
      return { host, port }
    },
    async stop () {
      const closed = new Promise(resolve => { if (server?.listening === true) server.close(resolve); else resolve(undefined) })
      server?.closeAllConnections()
      await closed
    },
  }
}

async function openPages (options: HttpServerOptions, loopback: boolean): Promise<FastifyInstance> {
  const { fastify } = await import('fastify')
  const pages = fastify({ logger: false })
  addRoutes(pages, options, loopback)
  await pages.ready()
  return pages
}

function listening (server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', error => reject(listenError(error, host, port))).listen({ host, port }, resolve)
  })
}

function addRoutes (server: FastifyInstance, options: HttpServerOptions, loopback: boolean): void {
  server.get('/healthz', async (_request, reply) => {
    const reasons = options.stuck()
    return reasons.length === 0 ? { live: true } : reply.code(503).send({ live: false, reasons })
  })
  server.get('/readyz', async (_request, reply) => {
    const reasons = options.ready()
    return reasons.length === 0 ? { ready: true } : reply.code(503).send({ ready: false, reasons })
  })
  server.get('/metrics', async (_request, reply) => reply.type(options.metrics.contentType).send(await options.metrics.text()))
  server.get('/status', { onRequest: (request, reply) => guard(request, reply, options.token, loopback) },
    async (_request, reply) => reply.type('application/json').send(scrub(JSON.stringify(options.status()))))
}

/** Who may read `/status`: who knows the token where there is one; else only this machine, and no web page through a name of its own (DNS rebinding). */
async function guard (request: FastifyRequest, reply: FastifyReply, token: string | undefined, loopback: boolean): Promise<void> {
  if (token !== undefined) {
    if (!isSame(request.headers.authorization ?? '', `Bearer ${token}`)) await reply.code(401).header('www-authenticate', 'Bearer').send({ error: 'a bearer token is needed' })
  } else if (!loopback) {
    await reply.code(403).send({ error: '/status is served to other machines only with a token; none is configured' })
  } else if (!isLoopback(request.hostname)) {
    await reply.code(403).send({ error: `/status is not served under the name ${request.hostname}; use 127.0.0.1 or localhost` })
  }
}

/** Compares in a time that tells nothing of where the two differ. */
const isSame = (a: string, b: string): boolean => timingSafeEqual(sha256(a), sha256(b))
const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest()

const isLoopback = (host: string): boolean => /^(localhost|127(\.\d+){3}|\[?::1\]?)$/.test(host)

function listenError (error: unknown, host: string, port: number): TidegateError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') {
    return new TidegateError('TG_PORT_IN_USE', `port ${port} of ${host} is taken`, { cause: error, hint: `stop what listens there, or choose another port; --port 0 takes a free one` })
  }
  const hint = code === 'EACCES' ? 'ports below 1024 need rights; choose a higher one' : 'the host must be an address of this machine'
  return new TidegateError('TG_CONFIG_INVALID', `cannot listen on ${host}:${port}: ${errorMessage(error)}`, { cause: error, hint })
}
