import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/cli/clock.js'
import { metricCatalogue } from '../../src/core/metrics.js'
import { Gate } from '../../src/kube/api/gate.js'
import { Meter } from '../../src/kube/api/meter.js'
import { Reflector } from '../../src/kube/api/reflector.js'
import { metrics } from '../../src/telemetry/metrics.js'
import { quiet } from '../fakes/ports.js'
import { failure, isList, line, list, ScriptedApi, thing } from './api-server.js'

const counted = () => {
  const telemetry = metrics(metricCatalogue)
  const value = async (series: string): Promise<string | undefined> => (await telemetry.text()).split('\n').find(l => l.startsWith(`tidegate_${series} `))?.split(' ')[1]
  return { meter: new Meter(telemetry), value }
}

test('requests are counted by verb and status, the objects that are watched, and the watches that broke', async () => {
  const { meter, value } = counted()
  const api = new ScriptedApi()
  let watches = 0
  api.script = (asked, response) => {
    if (asked.method === 'DELETE') return failure(404, 'NotFound')
    if (isList(asked)) return list(5, thing('a', 3), thing('b', 4))
    response.writeHead(200)
    response.write(line('DELETED', thing('a', 6)) + line('ADDED', thing('c', 7)) + line('ADDED', thing('d', 8)))
    if (watches++ === 0) response.write(line('ERROR', { code: 410, reason: 'Expired', metadata: {} }))
    return undefined
  }
  const http = await api.start(meter)
  const reflector = new Reflector({ http, clock: systemClock, random: () => 0, log: quiet, meter }, { path: '/apis/x.dev/v1/namespaces/n/things', trim: raw => raw.metadata.name, timing: { firstBackOff: 1 } })
  const stopping = new AbortController()
  const run = reflector.run(stopping.signal)
  onTestFinished(() => { stopping.abort() })
  await expect.poll(() => value('api_requests_total{verb="watch",code="200"}')).toBe('2')
  await expect.poll(() => value('watch_restarts_total{resource="things.x.dev"}')).toBe('1')
  await expect.poll(() => value('watched_objects{resource="things.x.dev"}')).toBe('3')
  await expect(http.request({ method: 'DELETE', path: '/api/v1/pods/p', urgency: 'down' })).rejects.toThrow('404')
  expect(await value('api_requests_total{verb="get",code="200"}')).toBe('2')
  expect(await value('api_requests_total{verb="delete",code="404"}')).toBe('1')
  expect(await value('api_request_duration_seconds_count{verb="get"}')).toBe('2')
  stopping.abort()
  await run
  expect(await value('watched_objects{resource="things.x.dev"}')).toBe('0')
})

test('what waits for its turn is seen by its urgency', async () => {
  const { meter, value } = counted()
  const gate = new Gate(systemClock, meter)
  const ends: (() => void)[] = []
  const passes = Array.from({ length: 19 }, () => gate.pass('status', () => new Promise<void>(resolve => { ends.push(resolve) })))
  expect(await value('api_requests_waiting{urgency="status"}')).toBe('3')
  while (ends.length > 0) {
    ends.shift()?.()
    await new Promise(resolve => setImmediate(resolve))
  }
  await Promise.all(passes)
  expect(await value('api_requests_waiting{urgency="status"}')).toBe('0')
})
