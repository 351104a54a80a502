import { lookup } from 'node:dns'
import type { LookupFunction } from 'node:net'
import { errorMessage, isRefusedAddress, refusalOf, refusedHost, TidegateError } from '../plugin/index.js'

export interface GetOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** PEM; of an https address. `rejectUnauthorized: false` takes any certificate. */
  readonly tls?: { readonly ca?: string | undefined, readonly cert?: string | undefined, readonly key?: string | undefined, readonly rejectUnauthorized?: boolean }
  /** Longest whole answer in bytes; 256 MiB unless given. */
  readonly mostBytes?: number
}

const deadlineMs = 5_000

/**
 * The body of a 200. Rejects with TG_SOURCE_UNREACHABLE, TG_SOURCE_REFUSED (401, 403) or TG_SOURCE_BAD_ANSWER (any other status).
 * Redirects are not followed; link-local and metadata addresses are refused after the name was resolved. `shown` stands for the address in messages.
 */
export async function getText (url: string, signal: AbortSignal, options: GetOptions = {}, shown = url): Promise<string> {
  const { status, body } = await get(url, AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]), options)
    .catch((cause: unknown) => { throw new TidegateError('TG_SOURCE_UNREACHABLE', `no answer from ${shown}: ${errorMessage(cause)}`, { cause }) })
  if (status === 401 || status === 403) throw new TidegateError('TG_SOURCE_REFUSED', `${shown} answered ${status}`)
  if (status !== 200) throw new TidegateError('TG_SOURCE_BAD_ANSWER', `${shown} answered ${status}`)
  return body
}

/** The same, as JSON; TG_SOURCE_BAD_ANSWER where it is none. */
export async function getJson (url: string, signal: AbortSignal, options: GetOptions = {}): Promise<unknown> {
  const body = await getText(url, signal, options)
  try { return JSON.parse(body) as unknown } catch (cause) { throw new TidegateError('TG_SOURCE_BAD_ANSWER', `${url} did not answer with JSON`, { cause }) }
}

async function get (url: string, signal: AbortSignal, { headers = {}, tls = {}, mostBytes = 256 * 1024 * 1024 }: GetOptions): Promise<{ readonly status: number, readonly body: string }> {
  const { hostname, protocol } = new URL(url)
  const refusal = refusedHost(hostname)
  if (refusal !== undefined) throw new Error(refusal)
  const { get: request } = protocol === 'https:' ? await import('node:https') : await import('node:http')
  return new Promise((resolve, reject) => {
    const asked = request(url, { signal, lookup: guarded, headers, ...tls }, answer => {
      const chunks: Buffer[] = []
      let size = 0
      answer.on('data', (chunk: Buffer) => {
        size += chunk.length
        chunks.push(chunk)
        if (size > mostBytes) asked.destroy(new Error(`more than ${mostBytes} bytes`))
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: Buffer.concat(chunks).toString() }))
      answer.on('error', reject)
    })
    asked.on('error', reject)
  })
}

const guarded: LookupFunction = (host, options, callback) => {
  lookup(host, options, (error, found, family) => {
    const refused = [found ?? []].flat().map(entry => typeof entry === 'string' ? entry : entry.address).find(isRefusedAddress)
    callback(error ?? (refused === undefined ? null : new Error(`${host}: ${refusalOf(refused)}`)), found, family)
  })
}
