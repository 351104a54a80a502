import type { ServerResponse } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { readResource, type ScaledJob } from '../../src/api/index.js'
import type { JobView } from '../../src/core/scaling/jobs/types.js'
import { KubeJobs } from '../../src/kube/jobs/jobs.js'
import { Writer } from '../../src/kube/api/writer.js'
import { ManualClock } from '../fakes/manual-clock.js'
import { quiet } from '../fakes/ports.js'
import { until } from '../scenario/harness.js'
import { type Asked, failure, isWatch, line, list, type Reply, ScriptedApi } from './api-server.js'

const label = 'scaledjob.keda.sh/name'
const isJobs = ({ path }: Asked): boolean => path.endsWith('/jobs')
const stored = (name: string, version: number) =>
  ({ metadata: { name, namespace: 'n', uid: `u-${name}`, resourceVersion: String(version), labels: { [label]: 'o' }, creationTimestamp: '2026-01-01T00:00:00Z', ownerReferences: [{ kind: 'ScaledJob', name: 'o', uid: 'o1' }] } })

function scaledJob (): ScaledJob {
  const container = { name: 'c', image: 'i' }
  const parsed = readResource({
    apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledJob', metadata: { name: 'o', namespace: 'n', uid: 'o1' },
    spec: { jobTargetRef: { template: { spec: { containers: [container] } } }, triggers: [{ type: 'cron', metadata: { timezone: 'UTC', start: '0 0 * * *', end: '1 0 * * *', desiredReplicas: '1' } }] },
  }, { kind: 'cluster', cluster: 'c' })
  if (!parsed.ok || parsed.value.kind !== 'ScaledJob') throw new Error('no ScaledJob')
  return parsed.value
}

interface Scene {
  readonly api: ScriptedApi
  readonly clock: ManualClock
  readonly create: (name: string) => Promise<boolean>
  /** Names of the Jobs as they were told last; undefined: they are not known. */
  readonly told: () => readonly string[] | undefined
  /** Streams of Jobs that are open; nothing comes over them but what a test writes. */
  readonly watches: Set<ServerResponse>
}

/** A ScaledJob without Jobs; `other` answers what is neither a list nor a watch, or takes their place. */
async function scene (other: (asked: Asked) => Reply | undefined): Promise<Scene> {
  const api = new ScriptedApi()
  const clock = new ManualClock()
  const watches = new Set<ServerResponse>()
  api.script = (asked, response) => {
    const reply = other(asked)
    if (reply !== undefined) return reply
    if (!isWatch(asked)) return list(5)
    response.writeHead(200).flushHeaders()
    if (isJobs(asked)) watches.add(response)
    return undefined
  }
  const http = await api.start()
  const writer = new Writer(http, { mayWrite: () => true, soon: async () => undefined }, false)
  const jobs = new KubeJobs({ http, clock, random: () => 0, log: quiet, namespaces: [], writer, version: '1' })
  onTestFinished(() => jobs.stop())
  let views: readonly JobView[] | undefined
  const object = scaledJob()
  onTestFinished(jobs.watch(object, now => { views = now }))
  await until(() => views !== undefined && watches.size === 1)
  return { api, clock, watches, create: name => jobs.create(object, name), told: () => views?.map(view => view.name) }
}

const made = ({ method, body }: Asked): Reply | undefined => method === 'POST' ? { status: 201, body: { ...(body as object), metadata: { ...(body as ReturnType<typeof stored>).metadata, uid: 'u', resourceVersion: '6' } } } : undefined

test('a Job that was made counts though the watch never shows it, however long', async () => {
  const { clock, create, told } = await scene(made)
  await create('one')
  expect(told()).toEqual(['one'])
  await clock.advance(120_000) // not yet long enough for a silent watch to be taken for dead
  await create('two')
  expect([...told() ?? []].sort()).toEqual(['one', 'two'])
})

test('a Job that was made before by a request without an answer counts too', async () => {
  const { create, told } = await scene(({ method }) => method === 'POST' ? failure(409, 'AlreadyExists') : undefined)
  expect(await create('one')).toBe(true)
  expect(told()).toEqual(['one'])
})

test('while Jobs are out of sight nothing is known of them; a list that was asked for later ends what it does not have', async () => {
  let answer: ((asked: Asked) => Reply | undefined) | undefined
  const { clock, create, told, watches } = await scene(asked => asked.method === 'GET' && isJobs(asked) ? answer?.(asked) : made(asked))
  await create('one')
  answer = () => failure(403, 'Forbidden')
  for (const watch of watches) watch.write('{}\n') // no event: it is given up
  await until(() => told() === undefined)
  await create('two')
  expect(told()).toBeUndefined()
  let wasListed = false
  answer = asked => { // the watch is too old, and 'one' went meanwhile
    if (isWatch(asked)) return wasListed ? undefined : failure(410, 'Gone')
    wasListed = true
    return list(9, stored('two', 7))
  }
  await until(async () => { await clock.advance(1000); return told() !== undefined })
  expect(told()).toEqual(['two'])
})

test('what the watch shows is not counted twice, and is gone when it says so', async () => {
  const { create, told, watches } = await scene(made)
  await create('one')
  const say = (text: string): void => { for (const watch of watches) watch.write(text) }
  say(line('ADDED', stored('one', 6)) + line('ADDED', stored('two', 7)))
  await until(() => told()?.length === 2)
  say(line('DELETED', stored('one', 8)))
  await until(() => told()?.length === 1)
  expect(told()).toEqual(['two'])
})
