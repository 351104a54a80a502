// What may stand in an HTTP header, and how the CloudEvents HTTP binding (1.0.2, section 3.1.3.2) writes a value there.

/** Printable ASCII but space, double quote and percent stands for itself; all else is percent-encoded. */
const needsEncoding = /[^!#$&-~]/
const encodable = /[^!#$&-~]+/g
const utf8 = new TextEncoder()

/** A CloudEvents attribute value as a header value; never holds a line break. */
export const attributeHeader = (value: string): string => needsEncoding.test(value) ? value.replace(encodable, percentEncode) : value

const unsafe = /[^\t\x20-\x7e]/
const unsafeRuns = /[^\t\x20-\x7e]+/g

/** A plain header value: what HTTP would not carry as it is (line breaks, control characters, what is not ASCII) is percent-encoded. */
export const plainHeader = (value: string): string => unsafe.test(value) ? value.replace(unsafeRuns, percentEncode) : value

/** `text` as UTF-8, each byte as `%XX`; half a surrogate pair becomes U+FFFD. */
function percentEncode (text: string): string {
  let out = ''
  for (const byte of utf8.encode(text)) out += `%${byte < 16 ? '0' : ''}${byte.toString(16).toUpperCase()}`
  return out
}

/** Headers that belong to the connection: HTTP itself writes them, an event never does. */
const connectionHeaders: ReadonlySet<string> = new Set(['connection', 'content-length', 'expect', 'keep-alive', 'te', 'trailer', 'transfer-encoding', 'upgrade'])

/** Why a configured header cannot be sent; undefined when it can. */
export function headerProblem (name: string, value: string): string | undefined {
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)) return `${JSON.stringify(name)} is no header name`
  if (connectionHeaders.has(name.toLowerCase())) return `header ${name} belongs to the connection and cannot be set`
  return /^[\t\x20-\x7e\x80-\xff]*$/.test(value) ? undefined : `the value of header ${name} holds a character that HTTP does not carry`
}

/** Why a path cannot stand in the first line of a request; undefined when it can. */
export const pathProblem = (path: string): string | undefined =>
  /^[\x21-\x7e\x80-\xff]+$/.test(path) ? undefined : `path ${JSON.stringify(path)} holds a character that HTTP does not carry`
