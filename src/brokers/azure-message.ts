import { names, type Envelope } from '../plugin/index.js'
import type { QueueMessage } from './azure-queue.js'

export const encodings = ['Auto', 'Base64', 'None'] as const
/** How bytes become the text of a message. `Auto` reads base64 of text as that text, and everything else as it stands. */
export type Encoding = typeof encodings[number]

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The bytes that a message's text stands for. A text that is not base64 is taken as it stands, whatever the encoding says. */
export function bytesOf (text: string, encoding: Encoding): Uint8Array {
  if (encoding === 'None' || !isBase64(text)) return Buffer.from(text)
  const bytes = Buffer.from(text, 'base64')
  return encoding === 'Base64' || isPlainText(bytes) ? bytes : Buffer.from(text)
}

/** The text from which `bytesOf` makes these bytes again. With `None`, bytes that are no text cannot be kept whole and are sent as base64. */
export function textOf (bytes: Uint8Array, encoding: Encoding): string {
  const plain = isPlainText(bytes) ? Buffer.from(bytes).toString() : undefined
  const isSafe = plain !== undefined && (encoding === 'None' || (encoding === 'Auto' && !isBase64(plain)))
  return isSafe ? plain : Buffer.from(bytes).toString('base64')
}

/** The event that a message is; one that holds a structured CloudEvent keeps its attributes. */
export function eventOf (message: QueueMessage, encoding: Encoding, queueUrl: string): Envelope {
  const data = bytesOf(message.text, encoding)
  const json = jsonOf(data)
  const extensions = { dequeuecount: String(message.dequeueCount), expirytime: message.expiresOn.toISOString() }
  return cloudEvent(json, extensions) ?? {
    id: message.id,
    source: queueUrl,
    type: `${names.eventTypePrefix}.azurequeue.message.v1`,
    time: message.insertedOn.toISOString(),
    contentType: json !== undefined ? 'application/json' : isPlainText(data) ? 'text/plain; charset=utf-8' : 'application/octet-stream',
    data,
    extensions,
  }
}

const isBase64 = (text: string): boolean => text.length >= 4 && text.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(text)

function isPlainText (bytes: Uint8Array): boolean {
  try {
    // The service takes a message with a control character and can never give it back.
    return !/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/.test(strict.decode(bytes))
  } catch {
    return false // not UTF-8; the decoder says it by throwing
  }
}

/** An object or a list; a lone number or word is text to everybody. */
function jsonOf (data: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  if (data[0] !== 0x7b && data[0] !== 0x5b) return undefined
  try {
    return JSON.parse(strict.decode(data)) as Readonly<Record<string, unknown>>
  } catch {
    return undefined // looks like JSON and is none
  }
}

const attributes = new Set(['specversion', 'id', 'source', 'type', 'subject', 'time', 'datacontenttype', 'data', 'data_base64'])

function cloudEvent (json: Readonly<Record<string, unknown>> | undefined, added: Readonly<Record<string, string>>): Envelope | undefined {
  if (json?.['specversion'] !== '1.0') return undefined
  const text = (name: string): string | undefined => typeof json[name] === 'string' && json[name] !== '' ? json[name] : undefined
  const [id, source, type] = [text('id'), text('source'), text('type')]
  if (id === undefined || source === undefined || type === undefined) return undefined
  const [subject, time] = [text('subject'), text('time')]
  const own = Object.entries(json).filter(([name, value]) => !attributes.has(name) && /^[a-z0-9]+$/.test(name) && ['string', 'number', 'boolean'].includes(typeof value))
  return {
    id, source, type, ...(subject === undefined ? {} : { subject }), ...(time === undefined ? {} : { time }),
    contentType: text('datacontenttype') ?? 'application/json',
    data: dataOf(json),
    extensions: { ...added, ...Object.fromEntries(own.map(([name, value]) => [name, String(value)])) },
  }
}

function dataOf (json: Readonly<Record<string, unknown>>): Uint8Array {
  const { data, data_base64: base64, datacontenttype } = json
  if (typeof base64 === 'string') return Buffer.from(base64, 'base64')
  if (data === undefined) return new Uint8Array()
  const isJson = typeof datacontenttype !== 'string' || /[/+]json\b/.test(datacontenttype)
  return Buffer.from(typeof data === 'string' && !isJson ? data : JSON.stringify(data))
}
