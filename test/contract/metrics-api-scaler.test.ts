import { describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { metricsApi } from '../../scalers/metrics-api.js'
import { pathProblem, valueIn, type Format } from '../../scalers/metrics-api/value.js'
import { measuredAs } from '../../src/plugin/index.js'
import { scalerSuite, testKit } from '../../src/plugin/testing/index.js'
import { parseConfig, type Values } from '../../src/spec/index.js'
import { authority } from '../servers/kube/certificates.js'
import { metricsServer, type MetricsServer, type MetricsServerOptions } from '../servers/metrics.js'

const place = 'http://127.0.0.1:1/'

describe('the scaler contract', () => {
  test.each(scalerSuite(metricsApi, {
    source: async () => {
      const server = await metricsServer()
      return {
        values: { metadata: { url: server.url, valueLocation: 'value', targetValue: '5', activationTargetValue: '3.5' } },
        put: async value => server.set(value),
        close: () => server.stop(),
      }
    },
    amounts: [12, 3.5],
    unreachable: { metadata: { url: place, valueLocation: 'value', targetValue: '5' } },
    refused: async () => {
      const server = await metricsServer(0, { allows: request => request.headers.authorization === 'Bearer right' })
      return {
        values: { metadata: { url: server.url, valueLocation: 'value', targetValue: '5', authMode: 'bearer' }, auth: { token: 'not-the-right-one' } },
        secrets: ['not-the-right-one'], close: () => server.stop(),
      }
    },
    place, yaml: text => parse(text) as unknown,
  }))('$name', ({ run }) => run())
})

async function running (value: number, options?: MetricsServerOptions): Promise<MetricsServer> {
  const server = await metricsServer(value, options)
  onTestFinished(() => server.stop())
  return server
}

const options = { path: ['metadata'], mode: 'text', unknownKeys: 'error', about: '"metrics-api"' } as const

async function look (values: Values): Promise<number | undefined> {
  const parsed = parseConfig(metricsApi.config, values, options)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const scaler = await metricsApi.open(parsed.value, testKit(), measuredAs(metricsApi.measure(parsed.value)))
  const seen = await scaler.read(new AbortController().signal)
  await scaler.close()
  return 'kind' in seen ? undefined : seen[0]?.value
}

describe('authentication', () => {
  const asks = { valueLocation: 'value', targetValue: '1' }
  test.each<[string, (server: MetricsServer) => Values, NonNullable<MetricsServerOptions['allows']>]>([
    ['a key in its usual header', ({ url }) => ({ metadata: { url, ...asks, authMode: 'apiKey' }, auth: { apiKey: 'k1' } }), r => r.headers['x-api-key'] === 'k1'],
    ['a key in a header of one\'s own', ({ url }) => ({ metadata: { url, ...asks, authMode: 'apiKey', keyParamName: 'X-Secret' }, auth: { apiKey: 'k1' } }), r => r.headers['x-secret'] === 'k1'],
    ['a key in the query', ({ url }) => ({ metadata: { url: `${url}?q=a`, ...asks, authMode: 'apiKey', method: 'query' }, auth: { apiKey: 'k&1' } }), r => r.url === '/stats?q=a&api_key=k%261'],
    ['a user and a password', ({ url }) => ({ metadata: { url, ...asks }, auth: { authMode: 'basic', username: 'u', password: 'p' } }), r => r.headers.authorization === `Basic ${btoa('u:p')}`],
    ['a bearer token', ({ url }) => ({ metadata: { url, ...asks, authModes: 'bearer' }, auth: { bearerToken: 't' } }), r => r.headers.authorization === 'Bearer t'],
  ])('%s', async (_, values, allows) => {
    const server = await running(7, { allows })
    expect(await look(values(server))).toBe(7)
  })

  test('a server and a client certificate of an authority of one\'s own', async () => {
    const ca = authority('metrics-ca')
    const own = ca.issue({ commonName: 'metrics', hosts: ['127.0.0.1'] })
    const client = ca.issue({ commonName: 'scaler' })
    const server = await running(4, { tls: { cert: own.certificate, key: own.key, ca: ca.certificate, requestCert: true } })
    const metadata = { url: server.url, ...asks }
    expect(await look({ metadata: { ...metadata, authMode: 'tls' }, auth: { ca: ca.certificate, cert: client.certificate, key: client.key } })).toBe(4)
    await expect(look({ metadata })).rejects.toMatchObject({ code: 'TG_SOURCE_UNREACHABLE' })
    await expect(look({ metadata, auth: { ca: ca.certificate } })).rejects.toMatchObject({ code: 'TG_SOURCE_UNREACHABLE' })
    const open = await running(4, { tls: { cert: own.certificate, key: own.key } })
    expect(await look({ metadata: { url: open.url, ...asks, unsafeSsl: 'true' } })).toBe(4)
  })

  test('what a mode needs is asked for', () => {
    const parsed = parseConfig(metricsApi.config, { metadata: { url: 'http://a/', ...asks, authMode: 'basic' } }, options)
    expect(parsed).toMatchObject({ ok: false, problems: [{ code: 'TG_CONFIG_MISSING', path: ['metadata', 'username'] }] })
    const both = parseConfig(metricsApi.config, { metadata: { url: 'http://a/', ...asks, authMode: 'basic,bearer' }, auth: { username: 'u', token: 't' } }, options)
    expect(both.ok).toBe(false)
  })
})

test('what is not built is refused, and what KEDA has as its default is not', () => {
  const metadata = { url: 'http://a/', valueLocation: 'value', targetValue: '1', aggregationType: 'sum' }
  expect(parseConfig(metricsApi.config, { metadata: { ...metadata, aggregateFromKubeServiceEndpoints: 'false' } }, options).ok).toBe(true)
  expect(parseConfig(metricsApi.config, { metadata: { ...metadata, aggregateFromKubeServiceEndpoints: 'true' } }, options)).toMatchObject({ ok: false, problems: [{ code: 'TG_CONFIG_NOT_BUILT' }] })
})

test('a redirect is not followed, and a metadata address never asked', async () => {
  const server = await running(0)
  server.answer(302, '')
  await expect(look({ metadata: { url: server.url, valueLocation: 'value', targetValue: '1' } })).rejects.toMatchObject({ code: 'TG_SOURCE_BAD_ANSWER' })
  await expect(look({ metadata: { url: 'http://169.254.169.254/latest', valueLocation: 'value', targetValue: '1' } })).rejects.toThrow(/never called/)
})

describe('where the number is', () => {
  const page = '# HELP jobs Waiting.\n# TYPE jobs gauge\njobs{queue="a"} 3 1700000000\njobs{queue="b\\"c",zone="x"} 4.5e1\nplain NaN\nplain 9\n'
  test.each<[Format, string, string, number]>([
    ['json', '{"a": {"b": [1, {"c": 42}]}}', 'a.b.1.c', 42],
    ['json', '{"a": [1, 2, 3]}', 'a.#', 3],
    ['json', '{"a.b": {"*": 5}}', 'a\\.b.\\*', 5],
    ['json', '{"a": "10Mi"}', 'a', 10 * 2 ** 20],
    ['json', '[7]', '0', 7],
    ['yaml', 'a:\n  b:\n    - c: 42\n', 'a.b.0.c', 42],
    ['xml', '<?xml version="1.0"?><root><!-- no --><q name="x"><n>7</n></q><q><n><![CDATA[8]]></n></q><e/></root>', 'root.q.1.n', 8],
    ['xml', '<root><n> 1&#48; </n></root>', 'root.n', 10],
    ['prometheus', page, 'jobs', 3],
    ['prometheus', page, 'jobs{zone="x"}', 45],
    ['prometheus', page, 'jobs{queue="b\\"c", zone="x"}', 45],
    ['prometheus', page, 'plain', 9],
  ])('%s %#', async (format, body, valueLocation, value) => {
    expect(pathProblem(valueLocation, format)).toBeUndefined()
    expect(await valueIn(body, { format, valueLocation })).toBe(value)
  })

  test.each<[Format, string, string, RegExp]>([
    ['json', '{}', 'a.b', /has nothing at a\.b/],
    ['json', '{"a": {"b": 1}}', 'a', /must point to a number or a quantity as text, and a is a mapping/],
    ['json', '{"a": "many"}', 'a', /string "many"/],
    ['json', '{"a": null}', 'a', /null/],
    ['json', '<html>', 'a', /did not answer with JSON/],
    ['json', '{}', 'constructor.length', /nothing/],
    ['yaml', 'a: .nan', 'a', /number/],
    ['xml', '<a><b></a>', 'a', /did not answer with XML/],
    ['xml', '<!DOCTYPE a [<!ENTITY b "1">]><a>&b;</a>', 'a', /did not answer with XML/],
    ['prometheus', 'jobs 1', 'other', /has no metric other/],
  ])('%s says what is wrong %#', async (format, body, valueLocation, problem) => {
    expect(await valueIn(body, { format, valueLocation })).toEqual({ problem: expect.stringMatching(problem) as string })
  })

  test.each<[Format, string]>([['json', 'a..b'], ['json', 'a.#(b>1).c'], ['json', 'a|@reverse'], ['json', 'a.*'], ['prometheus', 'jobs{queue=~"a.*"}'], ['prometheus', '1jobs']])('%s %s is not understood, and says so before it runs', (format, location) => {
    expect(pathProblem(location, format)).toBeDefined()
  })
})
