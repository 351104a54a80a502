import { readFile, writeFile } from 'node:fs/promises'
import { createServer as createHttpsServer, request, type RequestOptions } from 'node:https'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import type { KubeControlPlane } from '../kube.js'

/** What is answered in place of the API server; undefined: its own answer. */
export type Injected = { readonly status: number, readonly headers?: Readonly<Record<string, string>>, readonly reason: string }
export interface Passed { readonly method: string, readonly path: string, readonly at: number, readonly injected: boolean }

/** A line to the API server that fails on cue. Servers refuse and are gone by themselves; what a network or an overloaded server does is done here. */
export interface FaultyLine {
  /** Every request that came, oldest first. */
  readonly asked: readonly Passed[]
  /** From now on: what a request is answered with. */
  inject (what: (method: string, path: string) => Injected | undefined): void
  /** Nothing goes through any more, and nothing is closed: packets vanish. `heal` lets through what waited, as TCP would. */
  blackHole (): void
  /** Connections are reset, new ones too. */
  cut (): void
  heal (): void
  /** A copy of a kubeconfig whose server is this line. */
  kubeconfig (original: string): Promise<string>
  stop (): Promise<void>
}

export async function faultyLine (kube: KubeControlPlane): Promise<FaultyLine> {
  const folder = dirname(kube.adminKubeconfig)
  const asked: Passed[] = []
  let injected: (method: string, path: string) => Injected | undefined = () => undefined
  const [key, cert] = await Promise.all(['apiserver.key', 'apiserver.crt'].map(file => readFile(join(folder, file)))) // good for 127.0.0.1
  const answering = createHttpsServer({ key, cert }, (incoming, outgoing) => {
    const [method, path] = [incoming.method ?? '', incoming.url ?? '']
    const answer = injected(method, path)
    asked.push({ method, path, at: Date.now(), injected: answer !== undefined })
    if (answer === undefined) forward(kube, incoming, outgoing)
    else refuse(answer, incoming, outgoing)
  })
  const line = new TcpLine(await listen(answering))
  const port = await listen(line.server)
  return {
    asked,
    inject: what => { injected = what },
    blackHole: () => line.become('silent'),
    cut: () => line.become('cut'),
    heal: () => { injected = () => undefined; line.become('open') },
    async kubeconfig (original) {
      const copy = `${original}.faulty`
      await writeFile(copy, (await readFile(original, 'utf8')).replaceAll(kube.url, `https://127.0.0.1:${port}`), { mode: 0o600 })
      return copy
    },
    async stop () {
      line.become('cut')
      answering.closeAllConnections()
      await Promise.all([line.server, answering].map(server => new Promise(resolve => server.close(resolve))))
    },
  }
}

const listen = (server: Server): Promise<number> =>
  new Promise(resolve => { server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)) })

/** The request as it is, credentials included; the answer as it comes, a watch as long as it lasts. */
function forward ({ url, ca }: KubeControlPlane, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { method, headers, url: path } = incoming
  const options: RequestOptions = { method, path, headers, ca, agent: false }
  const asked = request(url, options, answer => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(outgoing)
    answer.on('error', () => outgoing.destroy())
  })
  asked.on('error', () => outgoing.destroy())
  outgoing.on('close', () => asked.destroy())
  incoming.pipe(asked)
}

function refuse ({ status, headers = {}, reason }: Injected, incoming: IncomingMessage, outgoing: ServerResponse): void {
  incoming.resume()
  outgoing.writeHead(status, { 'content-type': 'application/json', ...headers })
  outgoing.end(JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', code: status, reason, message: `injected ${status}` }))
}

/** Bytes between two ports, as long as the line is open. */
class TcpLine {
  readonly server: Server
  readonly #pairs = new Set<readonly [Socket, Socket]>()
  #state: 'open' | 'silent' | 'cut' = 'open'

  constructor (port: number) {
    this.server = createServer({ pauseOnConnect: true }, near => {
      if (this.#state === 'cut') near.resetAndDestroy()
      else this.#join(near, connect(port, '127.0.0.1'))
    })
  }

  become (state: 'open' | 'silent' | 'cut'): void {
    this.#state = state
    for (const pair of this.#pairs) this.#apply(pair)
  }

  #join (near: Socket, far: Socket): void {
    const pair = [near, far] as const
    this.#pairs.add(pair)
    for (const [from, to] of [pair, [far, near]] as const) {
      from.on('data', chunk => { to.write(chunk) })
      from.on('error', () => to.destroy())
      from.on('close', () => { to.destroy(); this.#pairs.delete(pair) })
    }
    this.#apply(pair)
  }

  #apply (pair: readonly [Socket, Socket]): void {
    for (const socket of pair) {
      if (this.#state === 'open') socket.resume()
      else if (this.#state === 'silent') socket.pause()
      else socket.resetAndDestroy()
    }
  }
}
