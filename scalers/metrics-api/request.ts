import type { GetOptions } from '../../src/brokers/http-get.js'
import type { MetricsApiConfig } from './config.js'

export interface Request { readonly url: string, readonly shown: string, readonly options: Required<Pick<GetOptions, 'headers' | 'tls'>> }

/** What is sent where. `shown` is the address without a key in it. */
export function requestOf (config: Omit<MetricsApiConfig, 'identity'>): Request {
  const { url, apiKey, method, keyParamName, username, password, token, ca, cert, key, unsafeSsl } = config
  const modes = config.authMode ?? []
  const headers: Record<string, string> = {}
  const asked = new URL(url)
  if (modes.includes('apiKey') && apiKey !== undefined) {
    if (method === 'query') asked.searchParams.set(keyParamName ?? 'api_key', apiKey.reveal())
    else headers[(keyParamName ?? 'X-API-KEY').toLowerCase()] = apiKey.reveal()
  }
  if (modes.includes('basic')) headers['authorization'] = `Basic ${Buffer.from(`${username ?? ''}:${password?.reveal() ?? ''}`).toString('base64')}`
  if (modes.includes('bearer') && token !== undefined) headers['authorization'] = `Bearer ${token.reveal()}`
  return {
    url: modes.includes('apiKey') && method === 'query' ? asked.href : url,
    shown: withoutUser(url),
    options: { headers, tls: { ca, rejectUnauthorized: !unsafeSsl, ...(modes.includes('tls') ? { cert, key: key?.reveal() } : {}) } },
  }
}

function withoutUser (url: string): string {
  const shown = new URL(url)
  shown.username = ''
  shown.password = ''
  shown.search = ''
  return shown.href
}
