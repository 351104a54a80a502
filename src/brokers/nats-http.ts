import { lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { errorMessage, TidegateError } from '../plugin/index.js'

const deadlineMs = 5_000
const mostBytes = 256 * 1024 * 1024

/**
 * GETs JSON. Rejects with TG_SOURCE_UNREACHABLE, TG_SOURCE_REFUSED (401, 403) or TG_SOURCE_BAD_ANSWER (any other status but 200, or no JSON).
 * Redirects are not followed; link-local addresses, where clouds keep their credentials, are refused after the name was resolved.
 */
export async function getJson (url: string, signal: AbortSignal): Promise<unknown> {
  const { status, body } = await get(url, AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]))
    .catch((cause: unknown) => { throw new TidegateError('TG_SOURCE_UNREACHABLE', `no answer from ${url}: ${errorMessage(cause)}`, { cause }) })
  if (status === 401 || status === 403) throw new TidegateError('TG_SOURCE_REFUSED', `${url} answered ${status}`)
  if (status !== 200) throw new TidegateError('TG_SOURCE_BAD_ANSWER', `${url} answered ${status}`)
  try { return JSON.parse(body) as unknown } catch (cause) { throw new TidegateError('TG_SOURCE_BAD_ANSWER', `${url} did not answer with JSON`, { cause }) }
}

async function get (url: string, signal: AbortSignal): Promise<{ readonly status: number, readonly body: string }> {
  const { hostname, protocol } = new URL(url)
  if (isForbidden(hostname.replace(/^\[|\]$/g, ''))) throw new Error(`${hostname} is a link-local address`)
  const { get: request } = protocol === 'https:' ? await import('node:https') : await import('node:http')
  return new Promise((resolve, reject) => {
    const asked = request(url, { signal, lookup: guarded }, answer => {
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
    const forbidden = [found ?? []].flat().map(entry => typeof entry === 'string' ? entry : entry.address).find(isForbidden)
    callback(error ?? (forbidden === undefined ? null : new Error(`${host} is the link-local address ${forbidden}`)), found, family)
  })
}

const isForbidden = (address: string): boolean => isIP(address) !== 0 && /^(::ffff:)?169\.254\.|^fe[89ab]|^fd00:ec2::254$|^::ffff:a9fe:/i.test(address)
