import type { Envelope } from '../core/delivery/types.js'

export const structuredContentType = 'application/cloudevents+json; charset=utf-8'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * An event in the CloudEvents JSON format 1.0. JSON data is spliced in byte for byte, text is a string, all else is base64.
 * What claims to be JSON or text and is not goes as base64 too: the envelope stays readable whatever is in it.
 */
export function structuredBody (event: Envelope): Uint8Array {
  const attributes = JSON.stringify({
    ...event.extensions,
    specversion: '1.0', id: event.id, source: event.source, type: event.type, subject: event.subject, time: event.time,
    ...(event.contentType === '' ? {} : { datacontenttype: event.contentType }),
  }).slice(0, -1)
  if (event.data.length === 0) return Buffer.from(`${attributes}}`)
  const text = textOf(event)
  if (text !== undefined && isJson(event.contentType)) {
    if (parses(text)) return Buffer.concat([Buffer.from(`${attributes},"data":`), event.data, closingBrace])
  } else if (text !== undefined) {
    return Buffer.from(`${attributes},"data":${JSON.stringify(text)}}`)
  }
  return Buffer.from(`${attributes},"data_base64":"${Buffer.from(event.data.buffer, event.data.byteOffset, event.data.length).toString('base64')}"}`)
}

const closingBrace = Buffer.from('}')

const isJson = (contentType: string): boolean => /^[^;]*[/+]json\s*(;|$)/i.test(contentType)
const isText = (contentType: string): boolean => /^(text\/|application\/([^;]*\+)?xml\s*(;|$))/i.test(contentType)

/** The data as text; undefined when its type is none of text, or its bytes are no UTF-8. */
function textOf ({ contentType, data }: Envelope): string | undefined {
  if (!isJson(contentType) && !isText(contentType)) return undefined
  try {
    return utf8.decode(data)
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}

function parses (text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}
