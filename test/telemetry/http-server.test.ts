import { connect } from 'node:net'
import { request } from 'node:http'
import { describe, expect, it } from 'vitest'
import type { ObjectStatus } from '../../src/runtime/ports.js'
import { httpServer, type HttpServer, type HttpServerOptions } from '../../src/telemetry/http-server.js'

const status: ObjectStatus = {
  ref: { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', namespace: 'default', name: 'thumbnails' },
  conditions: [{ type: 'Ready', status: 'False', reason: 'SourceFailed', message: 'bad AccountKey=hunter2' }],
}

const base: HttpServerOptions = {
  port: 0, stuck: () => [], ready: () => [], metrics: { contentType: 'text/plain; version=0.0.4; charset=utf-8', text: async () => 'tidegate_up 1\n' }, status: () => [status],
}

interface Running extends AsyncDisposable { readonly server: HttpServer, readonly port: number, get (path: string, headers?: Record<string, string>): Promise<{ code: number, type: string, body: string }> }

async function running (changes: Partial<HttpServerOptions> = {}): Promise<Running> {
  const server = httpServer({ ...base, ...changes })
  const { port } = await server.start()
  return {
    server,
    port,
    get: (path, headers = {}) => new Promise((resolve, reject) => {
      request({ host: '127.0.0.1', port, path, headers }, response => {
        let body = ''
        response.setEncoding('utf8').on('data', (chunk: string) => { body += chunk }).on('end', () => {
          resolve({ code: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', body })
        })
      }).on('error', reject).end()
    }),
    [Symbol.asyncDispose]: () => server.stop(),
  }
}

describe('the HTTP server', () => {
  it('answers probes, with reasons while it is not ready', async () => {
    let reasons: string[] = ['the manifests are not read yet']
    let stuck: string[] = []
    await using http = await running({ ready: () => reasons, stuck: () => stuck })
    expect(await http.get('/readyz')).toMatchObject({ code: 503, body: '{"ready":false,"reasons":["the manifests are not read yet"]}' })
    expect((await http.get('/healthz')).code).toBe(200)
    reasons = []
    expect(await http.get('/readyz')).toMatchObject({ code: 200, body: '{"ready":true}' })
    reasons = ['draining']
    stuck = ['the loops are 61 s behind']
    expect((await http.get('/readyz')).code).toBe(503)
    expect(await http.get('/healthz')).toMatchObject({ code: 503, body: '{"live":false,"reasons":["the loops are 61 s behind"]}' })
  })

  it('serves metrics and status, scrubbed', async () => {
    await using http = await running()
    expect(await http.get('/metrics')).toEqual({ code: 200, type: 'text/plain; version=0.0.4; charset=utf-8', body: 'tidegate_up 1\n' })
    const { code, body, type } = await http.get('/status')
    expect([code, type]).toEqual([200, 'application/json; charset=utf-8'])
    expect(JSON.parse(body)).toMatchObject([{ ref: { name: 'thumbnails' }, conditions: [{ message: 'bad AccountKey=***' }] }])
    expect((await http.get('/other')).code).toBe(404)
  })

  it('shows status to no web page that calls itself by another name', async () => {
    await using http = await running()
    expect((await http.get('/status', { host: `evil.test:${http.port}` })).code).toBe(403)
    expect((await http.get('/status', { host: `localhost:${http.port}` })).code).toBe(200)
  })

  it('shows status to other machines only with a token', async () => {
    await using open = await running({ host: '0.0.0.0' })
    expect((await open.get('/status')).code).toBe(403)
    expect((await open.get('/metrics')).code).toBe(200)
    await using guarded = await running({ host: '0.0.0.0', token: 'hunter2' })
    expect((await guarded.get('/status')).code).toBe(401)
    expect((await guarded.get('/status', { authorization: 'Bearer hunter' })).code).toBe(401)
    expect((await guarded.get('/status', { authorization: 'Bearer hunter2' })).code).toBe(200)
  })

  it('says what to do when its port is taken', async () => {
    await using http = await running()
    const second = httpServer({ ...base, port: http.port })
    await expect(second.start()).rejects.toMatchObject({
      code: 'TG_PORT_IN_USE', message: `port ${http.port} of 127.0.0.1 is taken`, hint: 'stop what listens there, or choose another port; --port 0 takes a free one',
    })
    await second.stop()
    await expect(httpServer({ ...base, host: '192.0.2.1' }).start()).rejects.toMatchObject({ code: 'TG_CONFIG_INVALID', hint: 'the host must be an address of this machine' })
  })

  it('stops at once though somebody keeps a connection, twice, and before it began', async () => {
    const http = await running()
    const socket = connect(http.port, '127.0.0.1')
    await new Promise(resolve => { socket.on('connect', resolve) })
    const closed = new Promise(resolve => { socket.on('close', resolve).on('error', () => undefined) })
    await http.server.stop()
    await http.server.stop()
    await closed
    await httpServer(base).stop()
  })
})
