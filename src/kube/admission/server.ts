import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { TidegateError, errorMessage } from '../../core/errors.js'
import type { KeyPair } from './certificates.js'

/** Objects of an API server have up to 1.5 MB, and an update brings two. */
const longestBody = 8 * 1024 * 1024
const path = '/validate'

/** Answers what is POSTed to /validate over TLS. `answer` gives the body of the answer; undefined: that was no review. */
export class ReviewServer {
  readonly #answer: (body: unknown) => unknown
  #server: Server | undefined

  constructor (answer: (body: unknown) => unknown) { this.#answer = answer }

  /** Listens with this certificate, or goes on with it where it listens already. Rejects where the port cannot be had. */
  async use ({ key, certificate }: KeyPair, host: string, port: number): Promise<{ readonly port: number, readonly isNew: boolean }> {
    const tls = { key, cert: certificate, minVersion: 'TLSv1.2' as const }
    if (this.#server === undefined) {
      const { createServer } = await import('node:https')
      const server = createServer(tls, (request, response) => { this.#serve(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined)) })
      await listening(server, host, port)
      this.#server = server
      return { port: portOf(server), isNew: true }
    }
    this.#server.setSecureContext(tls)
    return { port: portOf(this.#server), isNew: false }
  }

  async stop (): Promise<void> {
    const server = this.#server
    if (server === undefined) return
    const closed = new Promise(resolve => server.close(resolve))
    server.closeIdleConnections()
    const impatient = setTimeout(() => server.closeAllConnections(), 2_000)
    await closed
    clearTimeout(impatient)
  }

  async #serve (request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST' || new URL(request.url ?? '', 'https://x').pathname !== path) return end(response, 404, { error: `POST ${path}` })
    const text = await bodyOf(request)
    if (text === undefined) return end(response, 413, { error: 'too long' })
    const answer = this.#answer(parsed(text))
    return answer === undefined ? end(response, 400, { error: 'no AdmissionReview of admission.k8s.io/v1' }) : end(response, 200, answer)
  }
}

function end (response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

/** Undefined where it is too long. */
async function bodyOf (request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > longestBody) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parsed (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port

function listening (server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (error: Error): void => {
      const isTaken = 'code' in error && error.code === 'EADDRINUSE'
      reject(new TidegateError(isTaken ? 'TG_PORT_IN_USE' : 'TG_CONFIG_INVALID', `the webhook cannot listen on ${host}:${port}: ${errorMessage(error)}`, { cause: error, hint: 'choose another port with --webhook-port' }))
    }
    server.once('error', refuse).listen({ host, port }, () => {
      server.off('error', refuse)
      resolve()
    })
  })
}
