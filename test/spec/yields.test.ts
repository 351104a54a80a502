import { expect, test } from 'vitest'
import { configSchema, fieldSchema, integer, list, object, referencePage, secret, spec, string } from '../../src/spec/index.js'
import { prune } from '../../src/spec/prune.js'

const declared = spec({
  queueName: string({ summary: 'Name of the queue.', example: 'orders', aliases: ['queue'] }),
  connection: secret({ summary: 'Connection string.', from: ['auth', 'env'], optional: true }),
  queueLength: integer({ summary: 'Messages a replica holds.', default: 5, min: 1 }),
})

test('JSON Schema is closed and knows FromEnv and other names', () => {
  const schema = configSchema(declared, 'text') as { properties: Record<string, unknown>, additionalProperties: boolean }
  expect(Object.keys(schema.properties)).toEqual(['queueName', 'queue', 'connectionFromEnv', 'queueLength'])
  expect(schema.additionalProperties).toBe(false)
  expect(schema.properties['queueLength']).toEqual({ anyOf: [{ type: 'integer', minimum: 1 }, { type: 'string' }], description: 'Messages a replica holds.', default: 5 })
})

test('an object requires what has no default', () => {
  const field = object({ a: string({ summary: 'A.' }), b: integer({ summary: 'B.', default: 1 }), c: string({ summary: 'C.', optional: true, notBuilt: 'wait' }) }, { summary: 'All.' })
  expect(fieldSchema(field)).toMatchObject({ required: ['a'], additionalProperties: false })
  expect(Object.keys((fieldSchema(field) as { properties: object }).properties)).toEqual(['a', 'b'])
})

test('a page has every field with type, default, sources and secrets marked', () => {
  const subject = { type: 'azure-queue', title: 'Azure queue', summary: 'Reads a queue.', since: '0.1.0', stability: 'beta', config: declared, facts: [], examples: [{ title: 'Plain', yaml: 'type: azure-queue\n' }] }
  expect(referencePage(subject, 'terminal')).toBe(`azure-queue: Azure queue

Reads a queue.

  Since  0.1.0, beta

Fields
  queueName  (string; required)
      Name of the queue. Also read as queue. Example: orders.
  connection  (string, secret; optional)
      Connection string.
      from: TriggerAuthentication, connectionFromEnv
  queueLength  (integer; 5)
      Messages a replica holds. At least 1.

Example: Plain
  type: azure-queue`)
  expect(referencePage(subject, 'markdown')).toContain('| `connection` | string, secret | optional | TriggerAuthentication, connectionFromEnv | Connection string. |')
})

test('fields below fields stand under their whole path, and what is not built in one list', () => {
  const nested = spec({
    poll: object({ min: integer({ summary: 'Least.', default: 1 }), later: string({ summary: 'Later.', optional: true, notBuilt: 'wait' }) }, { summary: 'Pace.', default: {} }),
    headers: list(object({ name: string({ summary: 'Name.' }) }, { summary: 'One header.' }), { summary: 'Headers.', default: [] }),
    vault: string({ summary: 'Vault.', optional: true }),
  })
  const page = referencePage({ type: 'Thing', title: 'Thing', summary: 'A thing.', config: nested, notRun: ['vault'], facts: [['In YAML', 'thing']], examples: [] }, 'markdown')
  expect(page).toBe(`# Thing

A thing.

- In YAML: thing

| Field | Type | Default | |
|---|---|---|---|
| \`poll\` | object | optional | Pace. |
| \`poll.min\` | integer | 1 | Least. |
| \`headers\` | list of object | [] | Headers. |
| \`headers[].name\` | string | required | Name. |

Not built yet, and refused with a hint: \`poll.later\`, \`vault\`.`)
})

test('pruning keeps what is declared and lists the rest', () => {
  const field = object({ a: object({ b: string({ summary: 'B.' }) }, { summary: 'A.' }) }, { summary: 'All.' })
  expect(prune(field, { a: { b: 'x', c: 1 }, d: 2 })).toEqual({ kept: { a: { b: 'x' } }, ignored: [['a', 'c'], ['d']] })
})
