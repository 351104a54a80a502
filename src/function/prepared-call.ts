import type { Envelope } from '../core/delivery/types.js'
import { names } from '../core/names.js'
import type { CallOptions } from '../runtime/ports.js'
import { attributeHeader, headerProblem, pathProblem, plainHeader } from './header.js'
import { structuredBody, structuredContentType } from './structured.js'

/** Headers as undici takes them cheapest: name, value, name, value; names in lower case. */
export type FlatHeaders = string[]

/** The first headers of every call, as text. */
export interface FixedHeaders {
  /** So many entries of the flat list stand in `fields` already, or in `host`. */
  readonly count: number
  readonly fields: string
  /** Written by the user: a gateway routes by it. */
  readonly host: string | undefined
}

/** What is the same for every event of one Trigger, worked out once; the rest is appended per event. */
export class PreparedCall {
  readonly method: string
  readonly path: string
  /** Why these options can never be sent; undefined when they can. */
  readonly problem: string | undefined
  /** The headers of the call before this one, the constant ones first: most calls have the same names, and take its array over without growing one. */
  #before: FlatHeaders
  readonly fixed: FixedHeaders
  /** Names that the user set and that an event therefore does not. */
  readonly #taken: ReadonlySet<string>
  readonly #envelope: CallOptions['envelope']

  constructor (options: CallOptions) {
    const written = Object.entries(options.headers)
    this.method = options.method
    this.path = options.path.startsWith('/') ? options.path : `/${options.path}`
    this.problem = pathProblem(this.path) ?? written.map(([name, value]) => headerProblem(name, value)).find(problem => problem !== undefined)
    this.#envelope = options.envelope
    this.#taken = new Set(written.map(([name]) => name.toLowerCase()))
    this.#before = written.flatMap(([name, value]) => [name.toLowerCase(), value])
    if (!this.#taken.has('user-agent')) this.#before.push('user-agent', names.userAgent)
    if (options.envelope === 'CloudEventsBinary') this.#before.push('ce-specversion', '1.0')
    this.fixed = fixedHeaders(this.#before)
  }

  /** The headers of one call. `more` are this call's own and win over those of the event. */
  headers (event: Envelope, more: Readonly<Record<string, string>>): FlatHeaders {
    const out = this.#before.slice()
    let at = this.fixed.count
    const put = (name: string, value: string): void => {
      out[at++] = name
      out[at++] = value
    }
    for (const name in more) put(name.toLowerCase(), plainHeader(more[name] ?? ''))
    const contentType = this.#envelope === 'CloudEventsStructured' ? structuredContentType : plainHeader(event.contentType)
    if (contentType !== '' && !this.#taken.has('content-type')) put('content-type', contentType)
    if (this.#envelope === 'CloudEventsBinary') putAttributes(put, event)
    this.#putTrace(put, event, more)
    out.length = at
    this.#before = out
    return out
  }

  body (event: Envelope): Uint8Array {
    return this.#envelope === 'CloudEventsStructured' ? structuredBody(event) : event.data
  }

  /** The extension keeps the origin of a trace; the plain header is what servers read. */
  #putTrace (put: Put, event: Envelope, more: Readonly<Record<string, string>>): void {
    const { traceparent, tracestate } = event.extensions
    if (traceparent === undefined || more['traceparent'] !== undefined || this.#taken.has('traceparent')) return
    put('traceparent', plainHeader(traceparent))
    if (tracestate !== undefined) put('tracestate', plainHeader(tracestate))
  }
}

function fixedHeaders (headers: FlatHeaders): FixedHeaders {
  let host: string | undefined
  let fields = ''
  for (let i = 0; i < headers.length; i += 2) {
    if (headers[i] === 'host') host = headers[i + 1]
    else fields += `${headers[i]}: ${headers[i + 1]}\r\n`
  }
  return { count: headers.length, fields, host }
}

type Put = (name: string, value: string) => void

function putAttributes (put: Put, event: Envelope): void {
  put('ce-id', attributeHeader(event.id))
  put('ce-source', attributeHeader(event.source))
  put('ce-type', attributeHeader(event.type))
  if (event.subject !== undefined) put('ce-subject', attributeHeader(event.subject))
  if (event.time !== undefined) put('ce-time', attributeHeader(event.time))
  for (const name in event.extensions) {
    const header = extensionHeader(name)
    if (header !== undefined) put(header, attributeHeader(event.extensions[name] ?? ''))
  }
}

/** Attributes that have a place of their own in an Envelope; an extension of that name would say a thing twice. */
const ownAttributes: ReadonlySet<string> = new Set(['specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'data'])

const extensionHeaders = new Map<string, string | undefined>()

/** The header of an extension; undefined for a name that CloudEvents does not allow. Names repeat, so each is looked at once. */
function extensionHeader (name: string): string | undefined {
  const known = extensionHeaders.get(name)
  if (known !== undefined || extensionHeaders.has(name)) return known
  if (extensionHeaders.size >= 1000) extensionHeaders.clear() // names made from data must not fill the memory
  const header = /^[a-z0-9]+$/i.test(name) && !ownAttributes.has(name.toLowerCase()) ? `ce-${name.toLowerCase()}` : undefined
  extensionHeaders.set(name, header)
  return header
}
