import { createServer, type AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { Outcome } from '../../src/core/delivery/types.js'
import { caller, event, httpServer, never, options } from './support.js'

const tolerance = { early: 5, late: 100 }

async function timed (send: Promise<Outcome>): Promise<{ outcome: Outcome, ms: number }> {
  const began = performance.now()
  const outcome = await send
  return { outcome, ms: performance.now() - began }
}

describe('answers', () => {
  it.each([200, 202, 204, 302, 404, 410, 500])('gives back %i as it came', async status => {
    await using server = await httpServer(response => { response.writeHead(status, { location: '/elsewhere' }).end() })
    await using endpoint = caller()
    expect(await endpoint.send(server.endpoint, event, options, {}, never)).toEqual({ kind: 'answered', status })
    expect(server.seen).toHaveLength(1)
  })

  it('reads Retry-After', async () => {
    await using server = await httpServer(response => { response.writeHead(503, { 'Retry-After': '7' }).end('busy') })
    await using endpoint = caller()
    expect(await endpoint.send(server.endpoint, event, options, {}, never)).toEqual({ kind: 'answered', status: 503, retryAfterMs: 7000 })
  })

  it('waits for the last answer when the server first says 103', async () => {
    await using server = await httpServer(response => { response.writeEarlyHints({ link: '</a>; rel=preload' }); response.writeHead(201).end() })
    await using endpoint = caller()
    expect(await endpoint.send(server.endpoint, event, options, {}, never)).toEqual({ kind: 'answered', status: 201 })
  })
})

describe('connections', () => {
  it('are used again, answer after answer', async () => {
    await using server = await httpServer(response => { response.end('x'.repeat(100_000)) })
    await using endpoint = caller()
    for (let i = 0; i < 20; i++) expect((await endpoint.send(server.endpoint, event, options, {}, never)).kind).toBe('answered')
    expect(server.connections()).toBe(1)
  })

  it('are as many as events in flight', async () => {
    const waiting: (() => void)[] = []
    await using server = await httpServer(response => {
      waiting.push(() => response.end())
      if (waiting.length === 8) for (const answer of waiting) answer()
    })
    await using endpoint = caller()
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => endpoint.send(server.endpoint, event, options, {}, never)))
    expect(outcomes.every(o => o.kind === 'answered')).toBe(true)
    expect(server.connections()).toBe(8)
  })

  it('carry bodies of any size unharmed, also while they are made', async () => {
    await using server = await httpServer()
    await using endpoint = caller()
    const bodies = Array.from({ length: 40 }, (_, i) => Buffer.alloc(i % 4 === 0 ? 300_000 : 100 * i, String.fromCharCode(65 + i)))
    const sendAll = (): Promise<Outcome[]> => Promise.all(bodies.map((data, i) => endpoint.send(server.endpoint, { ...event, id: String(i), data }, options, {}, never)))
    expect([...await sendAll(), ...await sendAll()].every(o => o.kind === 'answered')).toBe(true)
    expect(server.seen).toHaveLength(80)
    for (const { headers, body } of server.seen) expect(body.equals(bodies[Number(headers['ce-id'])] ?? Buffer.alloc(0))).toBe(true)
    expect(server.connections()).toBe(40)
  })

  it('name the host of the address, or the one that was written', async () => {
    await using server = await httpServer()
    await using endpoint = caller()
    await endpoint.send(server.endpoint, event, options, {}, never)
    await endpoint.send(server.endpoint, event, { ...options, headers: { Host: 'audit.default.example' } }, {}, never)
    expect(server.seen.map(({ headers }) => headers.host)).toEqual([new URL(server.endpoint.url).host, 'audit.default.example'])
  })

  it('that the server closed are made anew', async () => {
    await using server = await httpServer((response, request) => { response.end(() => { if (request.url === '/last') request.socket.end() }) })
    await using endpoint = caller()
    expect(await endpoint.send(server.endpoint, event, { ...options, path: '/last' }, {}, never)).toEqual({ kind: 'answered', status: 200 })
    await expect.poll(() => server.open()).toBe(0)
    expect(await endpoint.send(server.endpoint, event, options, {}, never)).toEqual({ kind: 'answered', status: 200 })
    expect(server.connections()).toBe(2)
  })

  it('are closed before a server that says so closes them', async () => {
    await using server = await httpServer(response => { response.setHeader('keep-alive', 'timeout=1').end() })
    await using endpoint = caller()
    expect(await endpoint.send(server.endpoint, event, options, {}, never)).toEqual({ kind: 'answered', status: 200 })
    await expect.poll(() => server.open()).toBe(0)
  })

  it('are given up for an answer without end, which counts by its status', async () => {
    await using server = await httpServer(response => {
      const more = (): void => { while (!response.destroyed && response.write(Buffer.alloc(65_536))); }
      response.writeHead(200)
      response.on('drain', more)
      more()
    })
    await using endpoint = caller()
    expect(await endpoint.send(server.endpoint, event, options, {}, never)).toEqual({ kind: 'answered', status: 200 })
    expect(await endpoint.send(server.endpoint, event, options, {}, never)).toEqual({ kind: 'answered', status: 200 })
    expect(server.connections()).toBe(2)
  })

  it('to an endpoint that is gone are closed; a call under way ends by itself', async () => {
    let answer = (): void => undefined
    await using server = await httpServer(response => { answer = () => { response.end() } })
    await using endpoint = caller()
    const sending = endpoint.send(server.endpoint, event, options, {}, never)
    await expect.poll(() => server.seen.length).toBe(1)
    endpoint.forget(server.endpoint)
    answer()
    expect(await sending).toEqual({ kind: 'answered', status: 200 })
  })
})

describe('what does not answer', () => {
  it('is unreachable where nobody listens, and the message names the address', async () => {
    const server = await httpServer()
    await server[Symbol.asyncDispose]()
    await using endpoint = caller()
    expect(await endpoint.send(server.endpoint, event, options, {}, never))
      .toEqual({ kind: 'unreachable', message: `${server.endpoint.url}: connection refused (ECONNREFUSED)` })
  })

  it.each([
    ['before the answer', false],
    ['in the middle of the answer', true],
  ])('is unreachable when the connection breaks %s', async (_, afterHead) => {
    await using server = await httpServer((response, request) => {
      if (!afterHead) { request.socket.resetAndDestroy(); return }
      response.writeHead(200, { 'content-length': '100' })
      response.write('half', () => { request.socket.resetAndDestroy() })
    })
    await using endpoint = caller()
    const outcome = await endpoint.send(server.endpoint, event, options, {}, never)
    expect(outcome.kind).toBe('unreachable')
    expect(outcome).toHaveProperty('message', expect.stringMatching(new RegExp(`^${server.endpoint.url}: connection (reset|closed) before the answer was complete`)))
  })

  it('is unreachable when it does not speak HTTP', async () => {
    const server = createServer(socket => { socket.on('error', () => undefined).end('SSH-2.0-OpenSSH_9.2\r\n') })
    await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    await using endpoint = caller()
    expect(await endpoint.send({ id: 'a', url }, event, options, {}, never)).toMatchObject({ kind: 'unreachable', message: expect.stringContaining(url) as string })
    server.close()
  })

  it('is unreachable when a constant header cannot be sent or the address is none', async () => {
    await using server = await httpServer()
    await using endpoint = caller()
    expect(await endpoint.send(server.endpoint, event, { ...options, headers: { 'x y': '1' } }, {}, never)).toEqual({ kind: 'unreachable', message: '"x y" is no header name' })
    expect(await endpoint.send({ id: 'a', url: 'nowhere' }, event, options, {}, never)).toEqual({ kind: 'unreachable', message: '"nowhere" is no URL' })
    expect(await endpoint.send({ id: 'a', url: 'file:///etc/passwd' }, event, options, {}, never)).toMatchObject({ kind: 'unreachable' })
    expect(await endpoint.send(server.endpoint, event, { ...options, path: '/a b' }, {}, never)).toMatchObject({ kind: 'unreachable' })
    expect(server.seen).toHaveLength(0)
  })
})

describe('deadlines', () => {
  it.each([
    ['never answers', 300, false],
    ['never answers', 1200, false],
    ['drips its answer for ever', 400, true],
  ])('end a call of a server that %s after %i ms', async (_, timeoutMs, drips) => {
    await using server = await httpServer(response => {
      if (!drips) return
      const timer = setInterval(() => { response.write('.') }, 20)
      response.on('close', () => { clearInterval(timer) })
    })
    await using endpoint = caller()
    const { outcome, ms } = await timed(endpoint.send(server.endpoint, event, { ...options, timeoutMs }, {}, never))
    expect(outcome).toEqual({ kind: 'timed-out', afterMs: timeoutMs })
    expect(ms).toBeGreaterThan(timeoutMs - tolerance.early)
    expect(ms).toBeLessThan(timeoutMs + tolerance.late)
  })

  it('are kept by each of many calls that began at different times, and by no call that ended', async () => {
    await using server = await httpServer((response, request) => { if (request.url === '/fast') response.end() })
    await using endpoint = caller()
    const slow = { ...options, timeoutMs: 250 }
    const fast = { ...slow, path: '/fast' }
    const calls: Promise<{ outcome: Outcome, ms: number }>[] = []
    for (let i = 0; i < 10; i++) {
      calls.push(timed(endpoint.send(server.endpoint, event, slow, {}, never)))
      expect((await endpoint.send(server.endpoint, event, fast, {}, never)).kind).toBe('answered')
    }
    for (const { outcome, ms } of await Promise.all(calls)) {
      expect(outcome).toEqual({ kind: 'timed-out', afterMs: 250 })
      expect(Math.abs(ms - 250)).toBeLessThan(tolerance.late)
    }
  })

  it('cover the time that a connection takes', async () => {
    await using endpoint = caller({ lookup: () => undefined }) // a name server that never answers
    const { outcome, ms } = await timed(endpoint.send({ id: 'a', url: 'http://slow.test' }, event, { ...options, timeoutMs: 200 }, {}, never))
    expect(outcome).toEqual({ kind: 'timed-out', afterMs: 200 })
    expect(ms).toBeLessThan(200 + 2 * tolerance.late)
  })
})

describe('abort', () => {
  it('ends every call under way with that signal, and none with another', async () => {
    const answers: (() => void)[] = []
    await using server = await httpServer(response => { answers.push(() => response.end()) })
    await using endpoint = caller()
    const stop = new AbortController()
    const stopped = [1, 2, 3].map(() => endpoint.send(server.endpoint, event, options, {}, stop.signal))
    const kept = endpoint.send(server.endpoint, event, options, {}, never)
    await expect.poll(() => server.seen.length).toBe(4)
    stop.abort()
    expect(await Promise.all(stopped)).toEqual(Array(3).fill({ kind: 'aborted' }))
    for (const answer of answers) answer()
    expect(await kept).toEqual({ kind: 'answered', status: 200 })
  })

  it('sends nothing once it has happened', async () => {
    await using server = await httpServer()
    await using endpoint = caller()
    expect(await endpoint.send(server.endpoint, event, options, {}, AbortSignal.abort())).toEqual({ kind: 'aborted' })
    expect(server.seen).toHaveLength(0)
  })
})

describe('close', () => {
  it('waits for what is under way and may be called twice', async () => {
    await using server = await httpServer(response => { setTimeout(() => response.end(), 50) })
    const endpoint = caller()
    const sending = endpoint.send(server.endpoint, event, options, {}, never)
    await expect.poll(() => server.seen.length).toBe(1)
    await Promise.all([endpoint.close(), endpoint.close()])
    expect(await sending).toEqual({ kind: 'answered', status: 200 })
  })
})
