import { describe, expect, it } from 'vitest'
import { compileFilter } from '../../../src/core/delivery/filter.js'
import { filterViolations, type FilterSpec } from '../../../src/core/delivery/filter-spec.js'
import type { Envelope } from '../../../src/core/delivery/types.js'

const event: Envelope = {
  id: 'ORDERS/7', source: 'nats://main/ORDERS', type: 'order.created', subject: 'orders.eu.17', contentType: 'application/json',
  data: new Uint8Array(), extensions: { region: 'eu', partitionkey: '17' },
}
const verdict = (...declared: FilterSpec[]): string | true => {
  const answer = compileFilter(declared)(event)
  return answer.pass ? true : answer.because
}

describe('compileFilter', () => {
  it('lets everything pass when nothing is asked', () => {
    expect(verdict()).toBe(true)
  })

  it('compares attributes and extensions', () => {
    expect(verdict({ exact: { type: 'order.created' } })).toBe(true)
    expect(verdict({ prefix: { subject: 'orders.eu.' } })).toBe(true)
    expect(verdict({ suffix: { source: '/ORDERS' } })).toBe(true)
    expect(verdict({ exact: { region: 'eu', partitionkey: '17' } })).toBe(true)
    expect(verdict({ exact: { datacontenttype: 'application/json', specversion: '1.0', id: 'ORDERS/7' } })).toBe(true)
  })

  it('says why not', () => {
    expect(verdict({ exact: { type: 'order.paid' } })).toBe("type is 'order.created', wanted 'order.paid'")
    expect(verdict({ prefix: { subject: 'orders.us' } })).toBe("subject is 'orders.eu.17', wanted one that begins with 'orders.us'")
    expect(verdict({ suffix: { subject: '.18' } })).toBe("subject is 'orders.eu.17', wanted one that ends with '.18'")
    expect(verdict({ exact: { region: 'eu', partitionkey: '18' } })).toBe("partitionkey is '17', wanted '18'")
  })

  it('lets an absent attribute match nothing; an empty prefix asks only that it is there', () => {
    expect(verdict({ prefix: { time: '' } })).toBe('time is absent, wanted any value')
    expect(verdict({ prefix: { subject: '' } })).toBe(true)
    expect(verdict({ exact: { tenant: 'a' } })).toBe("tenant is absent, wanted 'a'")
    expect(verdict({ exact: { constructor: 'a' } })).toBe("constructor is absent, wanted 'a'")
  })

  it('combines', () => {
    expect(verdict({ exact: { type: 'order.created' } }, { exact: { region: 'us' } })).toBe("region is 'eu', wanted 'us'")
    expect(verdict({ any: [{ exact: { region: 'us' } }, { exact: { region: 'eu' } }] })).toBe(true)
    expect(verdict({ any: [{ exact: { region: 'us' } }, { exact: { region: 'ap' } }] })).toBe("region is 'eu', wanted 'us'; and region is 'eu', wanted 'ap'")
    expect(verdict({ not: { exact: { region: 'us' } } })).toBe(true)
    expect(verdict({ not: { all: [{ exact: { region: 'eu' } }, { prefix: { type: 'order.' } }] } }))
      .toBe("refused by 'not': region is 'eu' and type is one that begins with 'order.'")
    expect(verdict({ not: { not: { exact: { region: 'us' } } } })).toBe("refused by 'not': not region is 'us'")
  })

  it('never opens for what it does not understand', () => {
    const declared: unknown = [{ cesql: "type = 'x'" }]
    expect(() => compileFilter(declared as FilterSpec[])).toThrow('filter 0.cesql: no such filter dialect; known: exact, prefix, suffix, all, any, not')
  })
})

describe('filterViolations', () => {
  const messages = (declared: unknown): string[] => filterViolations(declared).map(v => `${v.path.join('.')}: ${v.message}`)

  it('finds every mistake, with its place', () => {
    expect(messages('x')).toEqual([': must be a list of filters'])
    expect(messages([{ exact: { type: 'a' } }, { exat: { type: 'a' } }, {}, null])).toEqual([
      '1.exat: no such filter dialect; known: exact, prefix, suffix, all, any, not',
      '2: needs exactly one of exact, prefix, suffix, all, any, not',
      '3: must be a mapping',
    ])
    expect(messages([{ exact: { type: 'a' }, prefix: { type: 'b' } }])).toEqual(['0: needs exactly one of exact, prefix, suffix, all, any, not'])
    expect(messages([{ all: [] }, { any: [{ not: { wild: 1 } }] }, { exact: {} }])).toEqual([
      '0.all: needs at least one filter',
      '1.any.0.not.wild: no such filter dialect; known: exact, prefix, suffix, all, any, not',
      '2.exact: needs at least one attribute: value',
    ])
    expect(messages([{ exact: { 'content-type': 'a', region: 1, type: '' } }])).toEqual([
      '0.exact.content-type: is no CloudEvents attribute name: lower-case letters and digits only',
      '0.exact.region: must be a string',
      "0.exact.type: is empty; to ask that it is there, write prefix: ''",
    ])
  })

  it('finds nothing in what is right', () => {
    expect(messages([{ all: [{ any: [{ prefix: { subject: '' } }] }, { not: { suffix: { id: 'x' } } }] }])).toEqual([])
  })
})
