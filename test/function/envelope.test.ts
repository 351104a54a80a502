import { describe, expect, it } from 'vitest'
import type { Envelope } from '../../src/core/delivery/types.js'
import type { CallOptions } from '../../src/runtime/ports.js'
import { caller, event, httpServer, never, options, type Seen } from './support.js'

async function sent (changes: Partial<Envelope>, how: Partial<CallOptions> = {}, headers: Record<string, string> = {}): Promise<Seen> {
  await using server = await httpServer()
  await using endpoint = caller()
  const outcome = await endpoint.send(server.endpoint, { ...event, ...changes }, { ...options, ...how }, headers, never)
  expect(outcome).toEqual({ kind: 'answered', status: 200 })
  const [seen] = server.seen
  if (seen === undefined) throw new Error('nothing arrived')
  return seen
}

const structured = { envelope: 'CloudEventsStructured' } as const

describe('the binary envelope', () => {
  it('carries attributes as headers and data as the body', async () => {
    const seen = await sent({ subject: 'orders.eu', time: '2026-11-21T12:00:00Z', extensions: { partitionkey: 'a b', sequence: '7' } })
    expect(seen).toMatchObject({ method: 'POST', url: '/', body: Buffer.from('{"n":1}') })
    expect(seen.headers).toMatchObject({
      'ce-specversion': '1.0', 'ce-id': 'ORDERS/7', 'ce-source': 'nats://main/ORDERS', 'ce-type': 'order.created', 'ce-subject': 'orders.eu',
      'ce-time': '2026-11-21T12:00:00Z', 'ce-partitionkey': 'a%20b', 'ce-sequence': '7', 'content-type': 'application/json', 'content-length': '7', 'user-agent': 'tidegate',
    })
  })

  it('leaves out what is not there', async () => {
    const { headers, body } = await sent({ contentType: '', data: new Uint8Array() })
    expect(Object.keys(headers)).not.toContain('ce-subject')
    expect(Object.keys(headers)).not.toContain('ce-time')
    expect(Object.keys(headers)).not.toContain('content-type')
    expect(headers['content-length']).toBe('0')
    expect(body).toHaveLength(0)
  })

  it('keeps line breaks out of every header', async () => {
    const evil = 'x\r\nx-injected: 1'
    const { headers } = await sent({ id: evil, subject: evil, contentType: evil, extensions: { a: evil, 'b\r\nc': 'x', traceparent: evil } }, {}, { 'x-event-trigger': evil })
    expect(headers['x-injected']).toBeUndefined()
    expect(headers['ce-id']).toBe('x%0D%0Ax-injected:%201')
    expect(headers['x-event-trigger']).toBe('x%0D%0Ax-injected: 1')
  })

  it('says no attribute twice, and leaves out names that CloudEvents does not allow', async () => {
    const { headers } = await sent({ extensions: { specversion: '0.3', id: 'other', 'my-name': 'x', __proto__: 'x' } })
    expect(headers['ce-specversion']).toBe('1.0')
    expect(headers['ce-id']).toBe('ORDERS/7')
    expect(headers['ce-my-name']).toBeUndefined()
  })

  it('passes a trace on as the plain header too; what the call brings wins', async () => {
    const trace = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=1,b=2' }
    const { headers } = await sent({ extensions: trace })
    expect(headers).toMatchObject({ traceparent: trace.traceparent, tracestate: trace.tracestate, 'ce-traceparent': trace.traceparent })
    expect((await sent({ extensions: trace }, {}, { traceparent: 'hop' })).headers['traceparent']).toBe('hop')
  })

  it('sends the constant headers, which win over the event, and those of the call', async () => {
    const { headers, url, method } = await sent({}, { headers: { 'X-Team': 'blue', 'Content-Type': 'text/plain', 'user-agent': 'mine' }, path: 'api/x?y=1', method: 'PUT' }, { 'X-Event-Attempt': '2' })
    expect(headers).toMatchObject({ 'x-team': 'blue', 'content-type': 'text/plain', 'user-agent': 'mine', 'x-event-attempt': '2' })
    expect([method, url]).toEqual(['PUT', '/api/x?y=1'])
  })
})

describe('the raw envelope', () => {
  it('sends data and its type only', async () => {
    const { headers, body } = await sent({}, { envelope: 'Raw' })
    expect(Object.keys(headers).filter(name => name.startsWith('ce-'))).toEqual([])
    expect([headers['content-type'], body.toString()]).toEqual(['application/json', '{"n":1}'])
  })
})

describe('the structured envelope', () => {
  const bodyOf = async (changes: Partial<Envelope>): Promise<unknown> => JSON.parse((await sent(changes, structured)).body.toString())

  it('carries everything in one JSON object', async () => {
    const { headers, body } = await sent({ subject: 's', extensions: { partitionkey: 'é' } }, structured)
    expect(headers['content-type']).toBe('application/cloudevents+json; charset=utf-8')
    expect(headers['ce-id']).toBeUndefined()
    expect(JSON.parse(body.toString())).toEqual({
      specversion: '1.0', id: 'ORDERS/7', source: 'nats://main/ORDERS', type: 'order.created', subject: 's', partitionkey: 'é', datacontenttype: 'application/json', data: { n: 1 },
    })
  })

  it('splices JSON as it is, writes text as a string and all else as base64', async () => {
    expect((await sent({ data: Buffer.from('[1.0, 9007199254740993]') }, structured)).body.toString()).toContain('"data":[1.0, 9007199254740993]}')
    expect(await bodyOf({ contentType: 'text/plain', data: Buffer.from('a "b"\n') })).toMatchObject({ data: 'a "b"\n' })
    expect(await bodyOf({ contentType: 'application/vnd.x+json; charset=utf-8', data: Buffer.from('true') })).toMatchObject({ data: true })
    expect(await bodyOf({ contentType: 'image/png', data: Uint8Array.of(0, 255) })).toMatchObject({ data_base64: 'AP8=' })
  })

  it('stays readable when the data is not what it says', async () => {
    expect(await bodyOf({ data: Buffer.from('{"broken') })).toMatchObject({ data_base64: 'eyJicm9rZW4=' })
    expect(await bodyOf({ data: Uint8Array.of(0xff) })).toMatchObject({ data_base64: '/w==' })
    expect(await bodyOf({ contentType: 'text/plain', data: Uint8Array.of(0xff) })).toMatchObject({ data_base64: '/w==' })
  })

  it('has no data member for an event without data', async () => {
    expect(Object.keys(await bodyOf({ data: new Uint8Array() }) as object)).not.toContain('data')
  })
})
