import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { openAccess } from '../../src/kube/api/access.js'
import { KubeHttp } from '../../src/kube/api/http.js'
import type { Meter } from '../../src/kube/api/meter.js'
import { systemClock } from '../../src/cli/clock.js'
import { quiet } from '../fakes/ports.js'

export interface Asked { readonly method: string, readonly path: string, readonly query: URLSearchParams, readonly body: unknown, readonly token: string | undefined }
/** What the script says to a request: an answer, or the response itself for what is no answer. */
export type Script = (asked: Asked, response: ServerResponse) => Reply | undefined | Promise<Reply | undefined>
export interface Reply { readonly status?: number, readonly body?: unknown, readonly headers?: Readonly<Record<string, string>> }

/** An API server that misbehaves on cue: real HTTP, and what the script says. */
export class ScriptedApi {
  readonly asked: Asked[] = []
  script: Script = () => ({ status: 404, body: {} })
  readonly #server: Server
  readonly #folder = mkdtempSync(join(tmpdir(), 'tidegate-api-'))
  readonly #waiting = new Set<() => void>()

  constructor () {
    this.#server = createServer((request, response) => { void this.#answer(request, response) })
    onTestFinished(() => {
      this.#server.closeAllConnections()
      this.#server.close()
      rmSync(this.#folder, { recursive: true, force: true })
    })
  }

  get tokenFile (): string { return join(this.#folder, 'token') }

  async start (meter?: Meter): Promise<KubeHttp> {
    await new Promise<void>(resolve => { this.#server.listen(0, '127.0.0.1', resolve) })
    const { port } = this.#server.address() as AddressInfo
    const kubeconfig = join(this.#folder, 'config')
    writeFileSync(this.tokenFile, 'first')
    writeFileSync(kubeconfig, JSON.stringify({
      apiVersion: 'v1', kind: 'Config', 'current-context': 'c', contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
      clusters: [{ name: 'c', cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true } }],
      users: [{ name: 'u', user: { 'auth-provider': { name: 'tokenFile', config: { tokenFile: this.tokenFile } } } }],
    }))
    const access = await openAccess({ kubeconfig, clock: systemClock })
    const http = new KubeHttp({ access, clock: systemClock, log: quiet, version: 'test', ...(meter === undefined ? {} : { meter }) })
    onTestFinished(() => http.close())
    return http
  }

  /** Resolves when so many requests that the predicate likes have come. */
  async asks (likes: (asked: Asked) => boolean, count = 1): Promise<readonly Asked[]> {
    while (this.asked.filter(likes).length < count) await new Promise<void>(resolve => { this.#waiting.add(resolve) })
    return this.asked.filter(likes)
  }

  async #answer (request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://x')
    const chunks: Buffer[] = []
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
    const text = Buffer.concat(chunks).toString()
    const asked = { method: request.method ?? '', path: url.pathname, query: url.searchParams, body: text === '' ? undefined : JSON.parse(text) as unknown, token: request.headers.authorization?.replace('Bearer ', '') }
    this.asked.push(asked)
    const reply = await this.script(asked, response)
    for (const look of this.#waiting) look()
    this.#waiting.clear()
    if (reply === undefined) return
    response.writeHead(reply.status ?? 200, { 'content-type': 'application/json', ...reply.headers }).end(JSON.stringify(reply.body ?? {}))
  }
}

export const isWatch = ({ query }: Asked): boolean => query.get('watch') === 'true'
export const isList = (asked: Asked): boolean => asked.method === 'GET' && !isWatch(asked)

/** One object of a made-up kind. */
export const thing = (name: string, version: number, more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> & { readonly metadata: Readonly<Record<string, unknown>> } =>
  ({ metadata: { name, namespace: 'n', uid: `uid-${name}`, resourceVersion: String(version) }, ...more })

export const list = (version: number, ...items: readonly unknown[]): Reply => ({ body: { metadata: { resourceVersion: String(version) }, items } })
export const failure = (status: number, reason: string, headers: Readonly<Record<string, string>> = {}): Reply => ({ status, body: { kind: 'Status', code: status, reason, message: reason }, headers })
export const line = (type: string, object: unknown): string => `${JSON.stringify({ type, object })}\n`
