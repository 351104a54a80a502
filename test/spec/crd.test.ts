import { expect, test } from 'vitest'
import { any, duration, integer, list, map, numberOrName, object, oneOf, quantity, string, structuralSchema } from '../../src/spec/index.js'

const said = { summary: 'S.' }
const described = { description: 'S.' }

test('every level of a structural schema has its type, and nothing forbids what is not declared: that is pruned', () => {
  const field = object({ names: list(string({ ...said, minLength: 1, pattern: /^[a-z]+$/ }), { ...said, minItems: 1 }), sizes: map(integer({ ...said, min: 1, max: 5 }), { ...said, default: {} }) }, said)
  expect(structuralSchema(field, 'stored')).toEqual({
    ...described, type: 'object', required: ['names'],
    properties: {
      names: { ...described, type: 'array', minItems: 1, items: { ...described, type: 'string', minLength: 1, pattern: '^[a-z]+$' } },
      sizes: { ...described, type: 'object', default: {}, additionalProperties: { ...described, type: 'integer', format: 'int32', minimum: 1, maximum: 5 } },
    },
  })
})

test('defaults are stored, or left out; never where an absence says something', () => {
  const field = object({ a: integer({ ...said, default: 1 }), b: integer({ ...said, default: 2, saysByAbsence: true }) }, said)
  expect(structuralSchema(field, 'stored')).toMatchObject({ properties: { a: { default: 1 }, b: { type: 'integer' } } })
  expect(JSON.stringify(structuralSchema(field, 'stored'))).not.toContain('"default":2')
  expect(JSON.stringify(structuralSchema(field, 'left out'))).not.toContain('default')
})

test('what may have two types is int-or-string, and what nobody here reads is kept', () => {
  const kept = { 'x-kubernetes-preserve-unknown-fields': true }
  expect(structuralSchema(quantity(said), 'stored')).toMatchObject({ 'x-kubernetes-int-or-string': true })
  expect(structuralSchema(numberOrName(said), 'stored')).toMatchObject({ 'x-kubernetes-int-or-string': true })
  expect(structuralSchema(any(said), 'stored')).toEqual({ ...described, ...kept })
  expect(structuralSchema(object({ a: oneOf(['x'], said) }, { ...said, open: true }), 'stored')).toMatchObject({ type: 'object', ...kept })
  expect(structuralSchema(duration({ ...said, notBuilt: 'wait' }), 'stored')).toEqual({ ...described, ...kept })
})
