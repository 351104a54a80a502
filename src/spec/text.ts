// How one parameter is read from text, as KEDA's typed metadata reads it (reference: keda.md c.3).

/** Go's strconv.ParseBool. */
export function boolFromText (text: string): unknown {
  if (['1', 't', 'T', 'TRUE', 'true', 'True'].includes(text)) return true
  if (['0', 'f', 'F', 'FALSE', 'false', 'False'].includes(text)) return false
  return text
}

/** JSON's number grammar: no `+5`, no `05`; integers take neither `5.0` nor `1e3`. */
export const integerFromText = (text: string): unknown => /^-?(0|[1-9]\d*)$/.test(text) ? Number(text) : text
export const numberFromText = (text: string): unknown => /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text) ? Number(text) : text

const quantityScale: Readonly<Record<string, number>> = { n: 1e-9, u: 1e-6, m: 1e-3, '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 }

/** A Kubernetes quantity as a number; undefined when the text is none. */
export function quantityOf (raw: number | string): number | undefined {
  if (typeof raw === 'number') return raw
  const [, amount, unit] = /^(\d+(?:\.\d*)?|\.\d+)(n|u|m|k|M|G|T|Ki|Mi|Gi|Ti)?$/.exec(raw) ?? []
  return amount === undefined ? undefined : Number(amount) * (quantityScale[unit ?? ''] ?? NaN)
}

export const splitList = (text: string, separator = ','): string[] => text.split(separator).map(part => part.trim())

/** A list whose elements may be ranges: `1,2,5-8`. A range that runs backwards is empty. */
export function rangeListFromText (text: string, range: string, separator = ','): unknown {
  const out: unknown[] = []
  for (const part of splitList(text, separator)) {
    const [from, to, ...rest] = part.split(range).map(integerFromText)
    if (to === undefined) out.push(from)
    else if (rest.length > 0 || typeof from !== 'number' || typeof to !== 'number') out.push(part)
    else for (let n = from; n <= to; n++) out.push(n)
  }
  return out
}

/** `k=v,k=v`; undefined when an element is no pair or a key comes twice. */
export function mapFromText (text: string, separator = ','): Record<string, string> | undefined {
  const out: Record<string, string> = {}
  if (text.trim() === '') return out
  for (const part of splitList(text, separator)) {
    const at = part.indexOf('=')
    if (at < 0) return undefined
    const key = part.slice(0, at).trim()
    if (key in out) return undefined
    out[key] = part.slice(at + 1).trim()
  }
  return out
}

/** A URL query string: every key with all its values, in order. */
export function queryFromText (text: string): Record<string, string[]> {
  const out: Record<string, string[]> = {}
  for (const [key, value] of new URLSearchParams(text)) (out[key] ??= []).push(value)
  return out
}
