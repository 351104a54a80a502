import { describe, expect, it } from 'vitest'
import { findRetryAfter, retryAfterMs } from '../../src/function/retry-after.js'

const now = Date.parse('1994-11-06T08:49:07Z')

describe('retryAfterMs', () => {
  it.each([
    ['0', 0],
    ['120', 120_000],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 30_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 30_000],
    ['Sun Nov  6 08:49:37 1994', 30_000],
    ['Sun, 06 Nov 1994 08:48:37 GMT', 0],
    ['99999999999999999999', Number.MAX_SAFE_INTEGER],
  ])('reads %j', (text, ms) => { expect(retryAfterMs(text, now)).toBe(ms) })

  it.each(['', 'soon', '-5', '1.5', '10s', '2027-01-01', 'Sun, 99 Foo'])('makes nothing of %j', text => {
    expect(retryAfterMs(text, now)).toBeUndefined()
  })
})

describe('findRetryAfter', () => {
  it('finds the header whatever its case', () => {
    const raw = ['content-type', 'text/plain', 'Retry-After', ' 7 '].map(text => Buffer.from(text))
    expect(findRetryAfter(raw)).toBe('7')
    expect(findRetryAfter(raw.slice(0, 2))).toBeUndefined()
  })
})
