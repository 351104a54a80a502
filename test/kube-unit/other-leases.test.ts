import { expect, onTestFinished, test } from 'vitest'
import { warnOfOtherLeases } from '../../src/kube/other-leases.js'
import { ManualClock } from '../fakes/manual-clock.js'
import { quiet, recordingLog } from '../fakes/ports.js'
import { until } from '../scenario/harness.js'
import { ScriptedApi } from './api-server.js'

const lease = (namespace: string, version: number, holder: string): object =>
  ({ metadata: { namespace, name: 'tidegate', resourceVersion: String(version) }, spec: { holderIdentity: holder } })

/** Leases as they are at each look, the last of them for ever. */
async function scene (allowed: boolean, ...looks: readonly (readonly object[])[]) {
  const api = new ScriptedApi()
  let at = 0
  api.script = ({ method }) => {
    if (method === 'POST') return { body: { status: { allowed } } }
    const items = looks[Math.min(at++, looks.length - 1)] ?? []
    return { body: { items } }
  }
  const clock = new ManualClock()
  const log = { ...quiet, ...recordingLog() }
  const ending = new AbortController()
  const ended = warnOfOtherLeases({ http: await api.start(), clock, log, namespace: 'default' }, ending.signal)
  onTestFinished(async () => { ending.abort(); await ended })
  const looked = async (times: number): Promise<void> => until(() => at >= times && clock.pending > 0)
  return { api, clock, log, ended, looked }
}

test('a lease of another namespace that is renewed is told, once; the own one and one that nobody renews are not', async () => {
  const { api, clock, log, looked } = await scene(true,
    [lease('default', 1, 'we'), lease('tidegate', 1, 'they'), lease('left', 7, 'gone')],
    [lease('default', 2, 'we'), lease('tidegate', 2, 'they'), lease('left', 7, 'gone')],
    [lease('default', 3, 'we'), lease('tidegate', 3, 'they'), lease('left', 7, 'gone')])
  await looked(1)
  expect(log.lines).toEqual([])
  await clock.advance(5_000)
  await looked(2)
  await clock.advance(60_000)
  await looked(3)
  expect(log.lines.map(({ level, fields }) => ({ level, fields }))).toEqual([{ level: 'warn', fields: { lease: 'default/tidegate', other: 'tidegate/tidegate', holder: 'they' } }])
  expect(api.asked.filter(a => a.method === 'GET').map(a => `${a.path}?${a.query.toString()}`)[0]).toBe('/apis/coordination.k8s.io/v1/leases?fieldSelector=metadata.name%3Dtidegate')
})

test('who may not list leases of all namespaces does not try', async () => {
  const { api, ended } = await scene(false, [])
  await ended
  expect(api.asked.map(a => a.method)).toEqual(['POST'])
})
