import { describe, expect, test } from 'vitest'
import { nearest } from '../../src/spec/nearest.js'
import {
  boolean, checkConfig, duration, formatProblem, integer, list, map, number, numberOrName, object, oneOf, parseConfig, quantity, readDocument, secret, spec, string,
  type Field, type Names, type ReadOptions, type Values,
} from '../../src/spec/index.js'

const line = (text: string, field: Field<unknown>, raw: unknown): void => {
  test(text, () => expect(readDocument(field, raw).problems.map(formatProblem)).toEqual([text]))
}

describe('one message for each way a document can be wrong', () => {
  const one = (inner: Field<unknown>): Field<unknown> => object({ x: inner }, { summary: 'Whole.' })
  line('error TG_CONFIG_UNKNOWN_FIELD y: no such field; did you mean yy?', object({ yy: string({ summary: 'Y.', optional: true }) }, { summary: 'Whole.' }), { y: 1 })
  line('error TG_CONFIG_UNKNOWN_FIELD other: no such field; known: x', one(string({ summary: 'X.', optional: true })), { other: 1 })
  line('error TG_CONFIG_MISSING x: is required; for example orders', one(string({ summary: 'X.', example: 'orders' })), {})
  line('error TG_CONFIG_INVALID x: must be a string, not the number 5; write it in quotes: "5"', one(string({ summary: 'X.' })), { x: 5 })
  line('error TG_CONFIG_INVALID x: must be an integer, not the string "5"', one(integer({ summary: 'X.' })), { x: '5' })
  line('error TG_CONFIG_INVALID x: 0 is too small: must be at least 1', one(integer({ summary: 'X.', min: 1 })), { x: 0 })
  line('error TG_CONFIG_INVALID x: 9 is too large: must be at most 5', one(integer({ summary: 'X.', max: 5 })), { x: 9 })
  line('error TG_CONFIG_INVALID x: 0 is too small: must be more than 0', one(number({ summary: 'X.', moreThan: 0 })), { x: 0 })
  line('error TG_CONFIG_INVALID x: "soon" must be a duration such as 500ms, 30s or 5m', one(duration({ summary: 'X.' })), { x: 'soon' })
  line('error TG_CONFIG_INVALID x: "1s" must be at least 5s', one(duration({ summary: 'X.', min: '5s' })), { x: '1s' })
  line('error TG_CONFIG_INVALID x: "much" must be a number or a quantity such as 0.1 or 100m', one(quantity({ summary: 'X.' })), { x: 'much' })
  line('error TG_CONFIG_INVALID x: "vlaue" is not one of Value, AverageValue; did you mean Value?', one(oneOf(['Value', 'AverageValue'], { summary: 'X.' })), { x: 'vlaue' })
  line('error TG_CONFIG_INVALID x: must be a list, not the string "a"', one(list(string({ summary: 'E.' }), { summary: 'X.' })), { x: 'a' })
  line('error TG_CONFIG_INVALID x: needs at least 1 entry', one(list(string({ summary: 'E.' }), { summary: 'X.', minItems: 1 })), { x: [] })
  line('error TG_CONFIG_INVALID x: may hold only one of 1, 4', one(list(integer({ summary: 'E.' }), { summary: 'X.', exclusive: [1, 4, 5] })), { x: [1, 4] })
  line('error TG_CONFIG_INVALID x: must be a mapping, not a list', one(map(string({ summary: 'E.' }), { summary: 'X.' })), { x: [] })
  line('error TG_CONFIG_INVALID x: is read no more; use y', one(string({ summary: 'X.', removed: 'use y' })), { x: 'a' })
  line('warning TG_CONFIG_INVALID x: is deprecated; use y', one(string({ summary: 'X.', deprecated: 'use y' })), { x: 'a' })
  line('error TG_CONFIG_NOT_BUILT x: is not built yet; remove it', one(string({ summary: 'X.', optional: true, notBuilt: 'remove it' })), { x: 'a' })
  line('error TG_CONFIG_CONFLICT x: excludes y; keep one', object({ x: boolean({ summary: 'X.' }) }, { summary: 'Whole.', checks: [() => [{ field: 'x', message: 'excludes y', hint: 'keep one' }]] }), { x: true })
  line('error TG_CONFIG_DUPLICATE x[1].name: twice', object({ x: list(object({}, { summary: 'E.', open: true }), { summary: 'X.' }) }, {
    summary: 'Whole.', checks: [() => [{ field: 'x', below: [1, 'name'], code: 'TG_CONFIG_DUPLICATE', message: 'twice' }]],
  }), { x: [{}, {}] })
})

test('every problem is told at once, and the rules around a broken rule are asked too', () => {
  const inner = object({ a: integer({ summary: 'A.' }) }, { summary: 'Inner.', checks: [({ a }) => a > 1 ? [{ field: 'a', message: 'is odd here' }] : []] })
  const whole = object({ inner, port: numberOrName({ summary: 'Port.' }), later: string({ summary: 'Later.', optional: true, notBuilt: 'wait' }) },
    { summary: 'Whole.', checks: [() => [{ field: '', message: 'is wrong as a whole' }]] })
  expect(readDocument(whole, { inner: { a: 2 }, port: 'http', later: 'x' }).problems.map(p => p.message)).toEqual(['is odd here', 'is not built yet', 'is wrong as a whole'])
})

describe('the configuration of a plugin', () => {
  const declared = spec({
    queueName: string({ summary: 'Queue.', example: 'orders' }),
    connection: secret({ summary: 'Connection.', from: ['auth', 'metadata', 'env'] }),
    password: secret({ summary: 'Password.', from: ['auth'], optional: true }),
  }, { identities: ['azure-workload'] })
  const options: ReadOptions = { path: ['metadata'], mode: 'text', unknownKeys: 'error', about: '"azure-queue"' }
  const parse = (values: Partial<Values>): string[] => parseConfig(declared, { metadata: {}, ...values }, options).problems.map(formatProblem)
  const check = (metadata: Values['metadata'], names: Names = {}): string[] => checkConfig(declared, metadata, names, options).map(formatProblem)

  test('says where a value may come from', () => {
    expect(parse({ metadata: { queueName: 'q' } })).toEqual([
      'error TG_CONFIG_MISSING metadata.connection: "azure-queue" needs connection; give it in parameter connection of the TriggerAuthentication in authenticationRef, or metadata.connection, or metadata.connectionFromEnv (a variable of the target\'s container)',
    ])
  })
  test('names the variable that is not there', () => {
    expect(check({ queueName: 'q', connectionFromEnv: 'CONN' }, { auth: [], env: ['OTHER'] })).toEqual([
      'error TG_CONFIG_MISSING metadata.connectionFromEnv: the target\'s container has no variable CONN, or it is empty; add CONN to the container\'s env, or name another variable',
    ])
  })
  test('of a field that can be done without, the variable is a warning; where a rule wants the field, the error', () => {
    const fields = { token: secret({ summary: 'Token.', from: ['auth', 'env'], optional: true }) }
    const wanting = spec(fields, { checks: [(_, given) => given('token') ? [] : [{ field: 'token', message: 'is required', hint: 'give tokenFromEnv' }]] })
    const told = (config: typeof wanting): string[] => checkConfig(config, { tokenFromEnv: 'NO' }, { auth: [], env: ['T'] }, options).map(formatProblem)
    const text = 'TG_CONFIG_MISSING metadata.tokenFromEnv: the target\'s container has no variable NO, or it is empty; add NO to the container\'s env, or name another variable'
    expect(told(spec(fields))).toEqual([`warning ${text}`])
    expect(told(wanting)).toEqual([`error ${text}`])
    expect(checkConfig(wanting, { tokenFromEnv: 'T' }, { auth: [], env: ['T'] }, options)).toEqual([])
    expect(parseConfig(spec(fields), { metadata: { tokenFromEnv: 'NO' }, env: {} }, options).ok).toBe(true)
  })
  test('says of a field that only credentials may give that it is misplaced', () => {
    expect(check({ queueName: 'q', connection: 'c', password: 'p' })).toEqual([
      'error TG_CONFIG_UNKNOWN_FIELD metadata.password: no such field for "azure-queue"; give password through a TriggerAuthentication',
    ])
  })
  test('refuses an identity that the plugin cannot use', () => {
    expect(parse({ metadata: { queueName: 'q', connection: 'c' }, identity: { provider: 'gcp' } })).toEqual([
      'error TG_CONFIG_INVALID metadata: pod identity gcp is not supported by "azure-queue"; supported: azure-workload',
    ])
  })
  test('never shows a secret', () => {
    const parsed = parseConfig(declared, { metadata: { queueName: 'q', connection: 'AccountKey=abc' } }, options)
    expect(JSON.stringify(parsed)).not.toContain('abc')
    expect(parsed.ok && parsed.value.connection.reveal()).toBe('AccountKey=abc')
  })
})

describe('the name that was meant', () => {
  test.each([
    ['targetValu', ['activationTargetValue', 'targetValue'], 'targetValue'],
    ['queueLenght', ['queueLength', 'queueName'], 'queueLength'],
    ['queue', ['activationQueueLength', 'queueName'], 'queueName'],
    ['length', ['queueLength'], 'queueLength'],
    ['other', ['x'], undefined],
  ])('%s of %j: %s', (name, known, meant) => expect(nearest(name, known)).toBe(meant))
})

test('a rule is asked though a value that it does not look at could not be read', () => {
  const declared = spec({ zone: string({ summary: 'Z.' }), start: string({ summary: 'S.' }), count: integer({ summary: 'C.', min: 1 }) }, {
    checks: [({ zone }) => [{ field: 'zone', message: `is not ${zone}` }], ({ count, start }) => [{ field: 'start', message: `is not ${start} of ${count}` }]],
  })
  expect(checkConfig(declared, { zone: 'Berlinn', start: 'x', count: '0' }, {}, { path: [], mode: 'text', unknownKeys: 'error', about: '"cron"' }).map(formatProblem)).toEqual([
    'error TG_CONFIG_INVALID count: 0 is too small: must be at least 1', 'error TG_CONFIG_CONFLICT zone: is not Berlinn',
  ])
})
