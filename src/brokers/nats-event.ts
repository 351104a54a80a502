import type { MsgHdrs } from 'nats'
import { names, type Envelope } from '../plugin/index.js'

/** What a message is as an event when it says nothing of it itself. */
export type EventDefaults = Omit<Envelope, 'data' | 'contentType'>

/**
 * The event that a message carries. A message that already is a CloudEvent (binary: `ce-` headers; structured: its content type)
 * keeps every attribute of its own; `Nats-Msg-Id` is its id otherwise. `traceparent` and `tracestate` are kept as extensions.
 */
export function toEnvelope (data: Uint8Array, headers: MsgHdrs | undefined, defaults: EventDefaults, contentType: string | undefined): Envelope {
  if (headers === undefined) return { ...defaults, contentType: contentType ?? guessContentType(data), data }
  const given = readHeaders(headers)
  const declared = given.get('content-type')
  if (declared?.startsWith('application/cloudevents+json') === true) {
    const event = structured(data, defaults)
    if (event !== undefined) return event
  }
  return binary(data, given, declared ?? contentType ?? guessContentType(data), defaults)
}

/** Names in lower case; the first value of each. */
function readHeaders (headers: MsgHdrs): Map<string, string> {
  const given = new Map<string, string>()
  for (const key of headers.keys()) given.set(key.toLowerCase(), headers.get(key))
  return given
}

function binary (data: Uint8Array, given: ReadonlyMap<string, string>, contentType: string, defaults: EventDefaults): Envelope {
  const isEvent = given.has('ce-specversion') || given.has('ce-id')
  const attributes: Record<string, string> = {}
  for (const [key, value] of given) {
    if (isEvent && key.startsWith('ce-')) attributes[key.slice(3)] = percentDecoded(value)
    else if (key === 'traceparent' || key === 'tracestate') attributes[key] = value
  }
  const id = given.get('nats-msg-id')
  return fromAttributes(attributes, data, contentType, id === undefined ? defaults : { ...defaults, id })
}

function structured (data: Uint8Array, defaults: EventDefaults): Envelope | undefined {
  try {
    const { data: json, data_base64: base64, datacontenttype, ...rest } = JSON.parse(Buffer.from(data).toString()) as Record<string, unknown>
    const body = typeof base64 === 'string' ? Buffer.from(base64, 'base64') : json === undefined ? new Uint8Array() : Buffer.from(typeof json === 'string' && datacontenttype !== undefined && datacontenttype !== 'application/json' ? json : JSON.stringify(json))
    const attributes = Object.fromEntries(Object.entries(rest).filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value)).map(([key, value]) => [key, String(value)]))
    return fromAttributes(attributes, body, typeof datacontenttype === 'string' ? datacontenttype : 'application/json', defaults)
  } catch {
    return undefined // not JSON after all: handed on as it came
  }
}

function fromAttributes (attributes: Readonly<Record<string, string>>, data: Uint8Array, contentType: string, defaults: EventDefaults): Envelope {
  const { id = defaults.id, source = defaults.source, type = defaults.type, subject = defaults.subject, time = defaults.time, datacontenttype, specversion: _version, ...extensions } = attributes
  return {
    id, source, type, contentType: datacontenttype ?? contentType, data,
    ...(subject === undefined ? {} : { subject }),
    ...(time === undefined ? {} : { time }),
    extensions: { ...defaults.extensions, ...extensions },
  }
}

function percentDecoded (value: string): string {
  if (!value.includes('%')) return value
  try { return decodeURIComponent(value) } catch { return value } // a plain per cent sign
}

const [brace, bracket, closingBrace, closingBracket] = [0x7b, 0x5b, 0x7d, 0x5d]
const isBlank = (byte: number | undefined): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

/** JSON where the text begins and ends as an object or a list does; most publishers name no content type, and most functions want one. */
export function guessContentType (data: Uint8Array): string {
  let [from, to] = [0, data.length - 1]
  while (from < to && isBlank(data[from])) from++
  while (to > from && isBlank(data[to])) to--
  const isJson = (data[from] === brace && data[to] === closingBrace) || (data[from] === bracket && data[to] === closingBracket)
  return isJson ? 'application/json' : 'application/octet-stream'
}

/** An event as the headers of a message in binary mode; the body is its data. */
export function toHeaders (event: Envelope, headers: MsgHdrs): MsgHdrs {
  const { id, source, type, subject, time, contentType, extensions } = event
  const attributes: Readonly<Record<string, string | undefined>> = { specversion: '1.0', id, source, type, subject, time, ...extensions }
  for (const [key, value] of Object.entries(attributes)) if (value !== undefined) headers.set(`ce-${key}`, percentEncoded(value))
  headers.set('content-type', contentType)
  return headers
}

/** Header values are printable ASCII; the rest, and the sign itself, goes percent-encoded. */
const percentEncoded = (value: string): string => value.replace(/[^\x20-\x7e]|%/gu, encodeURIComponent)

/** `dev.tidegate.jetstream.message.v1` and the like. */
export const messageType = (source: 'jetstream' | 'nats'): string => `${names.eventTypePrefix}.${source}.message.v1`
