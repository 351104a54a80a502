import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AnswerReader } from '../../src/function/answer-reader.js'

interface Told { readonly status: number, readonly retryAfter: string | undefined, readonly complete: boolean, readonly reusable: boolean }

/** Reads the text in the pieces that the cuts make; `closes`: the server closes behind it. */
function read (text: string, cuts: readonly number[] = [], closes = false): Told {
  const reader = new AnswerReader()
  let told: { status: number, retryAfter: string | undefined } | undefined
  reader.begin({ onHeaders: (status, headers) => { told = { status, retryAfter: headers[1]?.toString() }; return true } })
  const bytes = Buffer.from(text, 'latin1')
  const places = [0, ...cuts.map(cut => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  let complete = false
  for (const [i, from] of places.slice(0, -1).entries()) complete = reader.read(bytes.subarray(from, places[i + 1]))
  if (closes) complete = reader.end() || complete
  return { status: told?.status ?? 0, retryAfter: told?.retryAfter, complete, reusable: reader.isReusable }
}

const answers: readonly (readonly [string, string, Told])[] = [
  ['a sized body', 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', { status: 200, retryAfter: undefined, complete: true, reusable: true }],
  ['no body', 'HTTP/1.1 204 No Content\r\n\r\n', { status: 204, retryAfter: undefined, complete: true, reusable: true }],
  ['an empty body', 'HTTP/1.1 500 \r\ncontent-length:0\r\n\r\n', { status: 500, retryAfter: undefined, complete: true, reusable: true }],
  ['chunks, an extension and a trailer', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0A\r\n0123456789\r\n0\r\nx-sum: 1\r\n\r\n', { status: 200, retryAfter: undefined, complete: true, reusable: true }],
  ['hints and leave to go on first', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n', { status: 201, retryAfter: undefined, complete: true, reusable: true }],
  ['Retry-After', 'HTTP/1.1 503 Busy\r\nretry-AFTER:  7 \r\ncontent-length: 1\r\n\r\nx', { status: 503, retryAfter: '7', complete: true, reusable: true }],
  ['a server that closes', 'HTTP/1.1 200 OK\r\nconnection: Close\r\ncontent-length: 1\r\n\r\nx', { status: 200, retryAfter: undefined, complete: true, reusable: false }],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\nx', { status: 200, retryAfter: undefined, complete: true, reusable: false }],
  ['HTTP/1.0 kept alive', 'HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\nx', { status: 200, retryAfter: undefined, complete: true, reusable: true }],
  ['a length beside chunks', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n', { status: 200, retryAfter: undefined, complete: true, reusable: false }],
  ['a body cut short', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf', { status: 200, retryAfter: undefined, complete: false, reusable: false }],
  ['half a head', 'HTTP/1.1 200 OK\r\ncontent-le', { status: 0, retryAfter: undefined, complete: false, reusable: false }],
]

describe('an answer', () => {
  it.each(answers)('with %s is read alike in whatever pieces it comes', (_, text, told) => {
    expect(read(text)).toEqual(told)
    expect(read(text, Array.from({ length: text.length }, (_, i) => i))).toEqual(told)
    fc.assert(fc.property(fc.array(fc.nat({ max: 1000 }), { maxLength: 6 }), cuts => { expect(read(text, cuts)).toEqual(told) }), { numRuns: 50 })
  })

  it('without a length ends with its connection', () => {
    expect(read('HTTP/1.1 200 OK\r\n\r\nuntil here')).toMatchObject({ complete: false })
    expect(read('HTTP/1.1 200 OK\r\n\r\nuntil here', [20], true)).toEqual({ status: 200, retryAfter: undefined, complete: true, reusable: false })
    expect(read('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf', [], true)).toMatchObject({ complete: false })
  })

  it('with something behind it costs its connection', () => {
    expect(read('HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n')).toMatchObject({ status: 204, complete: true, reusable: false })
  })

  it.each([
    'SSH-2.0-OpenSSH_9.2\r\n', 'HTTP/2 200\r\n\r\n', 'HTTP/1.1 2x0 OK\r\n\r\n', 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n', 'HTTP/1.1 200 OK\r\ncontent-length: 5, 5\r\n\r\n',
    'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}`,
  ])('%.40j is none', text => {
    expect(() => read(text)).toThrow('not HTTP/1.1')
  })

  it('keeps the word of the server about idle connections', () => {
    const reader = new AnswerReader()
    reader.begin({ onHeaders: () => true })
    reader.read(Buffer.from('HTTP/1.1 204 No Content\r\nkeep-alive: timeout=2, max=9\r\n\r\n'))
    expect(reader.keepAliveMs).toBe(2000)
  })
})
