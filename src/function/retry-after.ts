import type { EpochMs } from '../core/clock.js'

/**
 * `Retry-After` (RFC 9110, 10.2.3: seconds, or an HTTP date in any of its three forms) as milliseconds from `now`, ≥ 0.
 * Undefined when the text is neither.
 */
export function retryAfterMs (text: string, now: EpochMs): number | undefined {
  if (/^\d+$/.test(text)) return Math.min(Number(text) * 1000, Number.MAX_SAFE_INTEGER)
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(text)) return undefined
  // The asctime form names no zone and means GMT all the same.
  const at = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`)
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}

/** The value of `Retry-After` among raw response headers (name, value, …). */
export function findRetryAfter (headers: readonly Buffer[]): string | undefined {
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i]
    if (name?.length === 11 && name.toString('latin1').toLowerCase() === 'retry-after') return headers[i + 1]?.toString('latin1').trim()
  }
  return undefined
}
