import type { ServerResponse } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/cli/clock.js'
import { Reflector, type Timing } from '../../src/kube/api/reflector.js'
import { quiet } from '../fakes/ports.js'
import { failure, isList, isWatch, line, list, ScriptedApi, thing, type Script } from './api-server.js'

const timing: Timing = { silence: 60_000, firstBackOff: 1, longestBackOff: 20, health: 60_000, absence: 5 }

interface Followed { readonly api: ScriptedApi, readonly told: string[], readonly reflector: Reflector<string>, readonly until: (count: number) => Promise<void> }

async function follow (script: Script, options: { readonly timing?: Partial<Timing>, readonly optional?: boolean, readonly onApplied?: () => void, readonly onTrim?: (name: string) => void } = {}): Promise<Followed> {
  const api = new ScriptedApi()
  api.script = script
  const http = await api.start()
  const told: string[] = []
  let look: () => void = () => undefined
  const reflector = new Reflector<string>({ http, clock: systemClock, random: () => 0.5, log: quiet }, {
    path: '/apis/g/v1/things', trim: raw => { options.onTrim?.(raw.metadata.name ?? ''); return `${raw.metadata.name ?? ''}@${raw.metadata.uid ?? ''}` }, optional: options.optional ?? false, timing: { ...timing, ...options.timing },
  })
  reflector.listen({
    applied: value => { told.push(`+${value}`); look(); options.onApplied?.() },
    deleted: value => { told.push(`-${value}`); look() },
  })
  const stopping = new AbortController()
  const running = reflector.run(stopping.signal)
  onTestFinished(async () => { stopping.abort(); await running })
  const until = async (count: number): Promise<void> => { while (told.length < count) await new Promise<void>(resolve => { look = resolve }) }
  return { api, told, reflector, until }
}

const a = '+a@uid-a'
const b = '+b@uid-b'

test('a list of pages, then a watch from its version; a clean end goes on from the last version without a list', async () => {
  const { api, told, until } = await follow((asked, response) => {
    if (isList(asked)) return asked.query.get('continue') === 'more' ? list(7, thing('b', 6)) : { body: { metadata: { continue: 'more' }, items: [thing('a', 5)] } }
    response.writeHead(200)
    if (asked.query.get('resourceVersion') === '7') response.end(line('BOOKMARK', { metadata: { resourceVersion: '9' } }))
    else response.write(line('MODIFIED', thing('a', 10)))
    return undefined
  })
  await until(3)
  expect(told).toEqual([a, b, a])
  expect(api.asked.filter(isList)).toHaveLength(2)
  const watches = api.asked.filter(isWatch)
  expect(watches.map(w => w.query.get('resourceVersion'))).toEqual(['7', '9'])
  expect(watches[0]?.query.get('allowWatchBookmarks')).toBe('true')
  expect(Number(watches[0]?.query.get('timeoutSeconds'))).toBeGreaterThanOrEqual(300)
})

test.each([
  ['when it is opened', failure(410, 'Gone')],
  ['as a line of it', undefined],
])('a watch that is too old %s is followed by a list, which tells what was missed', async (_, onOpen) => {
  const { told, until } = await follow((asked, response) => {
    if (isList(asked)) return asked.query.get('limit') !== null && told.length === 0 ? list(5, thing('a', 1), thing('b', 2)) : list(20, { ...thing('a', 15), metadata: { ...thing('a', 15).metadata, uid: 'uid-a2' } })
    if (asked.query.get('resourceVersion') === '20') { response.writeHead(200).write(line('ADDED', thing('c', 21))); return undefined }
    if (onOpen !== undefined) return onOpen
    response.writeHead(200).end(line('ERROR', { code: 410, reason: 'Expired', message: 'too old', metadata: {} }))
    return undefined
  })
  await until(6)
  expect(told).toEqual([a, b, '-b@uid-b', '-a@uid-a', '+a@uid-a2', '+c@uid-c'])
})

test.each([
  ['garbage', (response: ServerResponse) => { response.writeHead(200).end('{"type": nonsense}\n') }],
  ['half a line and a reset', (response: ServerResponse) => { response.writeHead(200).write('{"type":"ADDED","obj'); setImmediate(() => response.destroy()) }],
  ['a 500', (response: ServerResponse) => { response.writeHead(500).end('no') }],
])('%s ends a watch, which is opened again from the same version', async (_, fail) => {
  let watches = 0
  const { api, told, until } = await follow((asked, response) => {
    if (isList(asked)) return list(5, thing('a', 1))
    if (++watches === 1) fail(response)
    else response.writeHead(200).write(line('ADDED', thing('b', 6)))
    return undefined
  })
  await until(2)
  expect(told).toEqual([a, b])
  expect(api.asked.filter(isList)).toHaveLength(1)
  expect(api.asked.filter(isWatch).map(w => w.query.get('resourceVersion'))).toEqual(['5', '5'])
})

test('a watch that says nothing at all is taken for dead', async () => {
  let watches = 0
  const { told, until } = await follow((asked, response) => {
    if (isList(asked)) return list(5)
    response.writeHead(200)
    if (++watches === 1) response.flushHeaders()
    else response.write(line('ADDED', thing('a', 6)))
    return undefined
  }, { timing: { silence: 50 } })
  await until(1)
  expect(told).toEqual([a])
})

test('an overloaded server is asked again after the time that it asks for', async () => {
  const began = performance.now()
  const { until } = await follow((asked, response) => {
    if (isList(asked)) return performance.now() - began < 900 ? failure(429, 'TooManyRequests', { 'retry-after': '1' }) : list(5, thing('a', 1))
    response.writeHead(200).flushHeaders()
    return undefined
  })
  await until(1)
  expect(performance.now() - began).toBeGreaterThanOrEqual(990)
})

test('a kind that is not installed counts as empty, and is found when it is', async () => {
  let lists = 0
  const { reflector, told, until } = await follow((asked, response) => {
    if (isList(asked)) return ++lists < 3 ? failure(404, 'NotFound') : list(5, thing('a', 1))
    response.writeHead(200).flushHeaders()
    return undefined
  }, { optional: true })
  await reflector.synced
  expect(told).toEqual([])
  await until(1)
})

test('a listener that throws harms neither the cache nor what comes next', async () => {
  const { reflector, until } = await follow((asked, response) => {
    if (isList(asked)) return list(5, thing('a', 1))
    response.writeHead(200).write(line('ADDED', thing('b', 6)))
    return undefined
  }, { onApplied: () => { throw new Error('of mine') } })
  await until(2)
  expect([...reflector.values()]).toEqual(['a@uid-a', 'b@uid-b'])
})

test('a right that is lost makes nothing go away, whether to watch or to list', async () => {
  let mayWatch = false
  const { api, told, until } = await follow((asked, response) => {
    if (isList(asked)) return list(7, thing('a', 5))
    if (!mayWatch) return failure(403, 'Forbidden')
    response.writeHead(200)
    response.write(line('ADDED', thing('b', 8)))
    return undefined
  }, { optional: true })
  await until(1)
  await api.asks(isWatch, 4)
  expect(told).toEqual([a])
  mayWatch = true
  await until(2)
  expect(told).toEqual([a, b])
})

test('an object that cannot be understood is left out, and the others are taken in', async () => {
  const { api, told, reflector, until } = await follow((asked, response) => {
    if (isList(asked)) return list(5, thing('odd', 1), thing('a', 1))
    response.writeHead(200).write(line('ADDED', thing('odd', 6)) + line('ADDED', thing('b', 7)))
    return undefined
  }, { onTrim: name => { if (name === 'odd') throw new TypeError('odd') } })
  await until(2)
  expect(told).toEqual([a, b])
  expect(reflector.fault).toBeUndefined()
  expect(api.asked.filter(isList)).toHaveLength(1)
})
