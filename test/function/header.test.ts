import { describe, expect, it } from 'vitest'
import { attributeHeader, headerProblem, plainHeader } from '../../src/function/header.js'

describe('attributeHeader', () => {
  // The first rows are the examples and rules of the HTTP protocol binding 1.0.2, section 3.1.3.2.
  it.each([
    ['Euro € 😀', 'Euro%20%E2%82%AC%20%F0%9F%98%80'],
    ['plain', 'plain'],
    ['a"b', 'a%22b'],
    ['50%', '50%25'],
    ["!#$&'()*+,-./:;<=>?@[\\]^_`{|}~", "!#$&'()*+,-./:;<=>?@[\\]^_`{|}~"],
    ['\u0000\u001f\u007f', '%00%1F%7F'],
    ['ü', '%C3%BC'],
    ['x\r\nx-injected: 1', 'x%0D%0Ax-injected:%201'],
    ['\ud800', '%EF%BF%BD'],
    ['', ''],
  ])('writes %j as %j', (value, wanted) => {
    expect(attributeHeader(value)).toBe(wanted)
  })

  it('can be undone by percent-decoding', () => {
    const value = Array.from({ length: 0x300 }, (_, i) => String.fromCharCode(i)).join('')
    expect(decodeURIComponent(attributeHeader(value))).toBe(value)
    expect(attributeHeader(value)).toMatch(/^[!#-~]+$/)
  })
})

describe('plainHeader', () => {
  it('keeps what HTTP carries and never lets a line break through', () => {
    expect(plainHeader('text/plain; charset="utf-8"')).toBe('text/plain; charset="utf-8"')
    expect(plainHeader('a\r\nb: c')).toBe('a%0D%0Ab: c')
    expect(plainHeader('é')).toBe('%C3%A9')
  })
})

describe('headerProblem', () => {
  it('finds what cannot be sent', () => {
    expect(headerProblem('x-team', 'blue')).toBeUndefined()
    expect(headerProblem('x team', 'blue')).toBe('"x team" is no header name')
    expect(headerProblem('Transfer-Encoding', 'chunked')).toBe('header Transfer-Encoding belongs to the connection and cannot be set')
    expect(headerProblem('x-team', 'a\nb')).toBe('the value of header x-team holds a character that HTTP does not carry')
  })
})
