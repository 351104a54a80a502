import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytesOf, encodings, eventOf, textOf } from '../../src/brokers/azure-message.js'

const base64 = (text: string | Uint8Array): string => Buffer.from(text).toString('base64')
const message = (text: string) => ({ id: 'm-1', popReceipt: 'r', text, dequeueCount: 3, insertedOn: new Date('2026-01-05T07:00:00Z'), expiresOn: new Date('2026-01-12T07:00:00Z') })
const event = (text: string) => eventOf(message(text), 'Auto', 'https://contoso.queue.core.windows.net/orders')

describe('the text of a message', () => {
  test.each([
    ['Auto', base64('hello'), 'hello'],
    ['Auto', 'hello world', 'hello world'],
    ['Auto', 'orders12', 'orders12'],
    ['Auto', base64(Uint8Array.of(0xff, 0x00, 0x80)), base64(Uint8Array.of(0xff, 0x00, 0x80))],
    ['Base64', base64('hello'), 'hello'],
    ['Base64', '{"not":"base64"}', '{"not":"base64"}'],
    ['None', base64('hello'), base64('hello')],
  ] as const)('%s reads %s as %s', (encoding, text, expected) => {
    expect(Buffer.from(bytesOf(text, encoding)).toString()).toBe(expected)
  })

  test('of any text is read back whole, with every encoding; with Base64 any bytes are', () => {
    const printable = fc.string({ unit: fc.constantFrom(...'abcXYZ019+/= {}"é漢\n') })
    fc.assert(fc.property(printable, fc.constantFrom(...encodings), (text, encoding) => {
      expect(Buffer.from(bytesOf(textOf(Buffer.from(text), encoding), encoding)).toString()).toBe(text)
    }))
    fc.assert(fc.property(fc.uint8Array(), bytes => { expect([...bytesOf(textOf(bytes, 'Base64'), 'Base64')]).toEqual([...bytes]) }))
  })

  test('never holds a control character, which the service could not give back', () => {
    for (const encoding of encodings) expect(textOf(Uint8Array.of(1, 2, 3), encoding)).toBe('AQID')
  })
})

describe('the event of a message', () => {
  test('carries what the queue knows of it', () => {
    expect(event('{"order":7}')).toMatchObject({
      id: 'm-1', source: 'https://contoso.queue.core.windows.net/orders', type: 'dev.tidegate.azurequeue.message.v1', time: '2026-01-05T07:00:00.000Z',
      contentType: 'application/json', extensions: { dequeuecount: '3', expirytime: '2026-01-12T07:00:00.000Z' },
    })
    expect(event('{broken').contentType).toBe('text/plain; charset=utf-8')
  })

  test('that is a CloudEvent keeps its attributes', () => {
    const structured = { specversion: '1.0', id: 'e-9', source: '/shop', type: 'order.created', subject: 'seven', data: { order: 7 }, region: 'eu', Bad: 'x' }
    const seen = event(base64(JSON.stringify(structured)))
    expect(seen).toMatchObject({ id: 'e-9', source: '/shop', type: 'order.created', subject: 'seven', contentType: 'application/json', extensions: { region: 'eu', dequeuecount: '3' } })
    expect(Buffer.from(seen.data).toString()).toBe('{"order":7}')
    expect(seen.extensions).not.toHaveProperty('Bad')
    const text = event(JSON.stringify({ ...structured, datacontenttype: 'text/plain', data: 'hello' }))
    expect([text.contentType, Buffer.from(text.data).toString()]).toEqual(['text/plain', 'hello'])
    const bytes = event(JSON.stringify({ ...structured, data: undefined, data_base64: 'AQI=' }))
    expect([...bytes.data]).toEqual([1, 2])
  })

  test('that only looks like a CloudEvent is a message like any other', () => {
    expect(event('{"specversion":"1.0","id":"e-9"}').id).toBe('m-1')
  })
})
