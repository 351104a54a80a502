import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/cli/clock.js'
import { followedPods } from '../../src/kube/targets/followed-pods.js'
import type { FollowedPods } from '../../src/runtime/ports.js'
import { quiet } from '../fakes/ports.js'
import { failure, isList, line, list, ScriptedApi, thing, type Script } from './api-server.js'

async function follow (namespace: string, script: Script): Promise<{ readonly pods: FollowedPods, readonly api: ScriptedApi, readonly count: () => Promise<number> }> {
  const api = new ScriptedApi()
  api.script = script
  const http = await api.start()
  const pods = followedPods({ http, clock: systemClock, random: () => 0, log: quiet }).follow(namespace, 'app=a')
  onTestFinished(() => pods.close())
  return { pods, api, count: () => pods.count(new AbortController().signal) }
}

test('pods that have not ended are counted as they come and go, and every change is told', async () => {
  const { pods, api, count } = await follow('n', (asked, response) => {
    if (isList(asked)) return list(1, thing('a', 1))
    response.writeHead(200)
    response.write(line('ADDED', thing('b', 2)) + line('ADDED', thing('c', 3)) + line('DELETED', thing('a', 4)))
    return undefined
  })
  const told: number[] = []
  await new Promise<void>(resolve => pods.changes(now => { if (told.push(now) === 4) resolve() }))
  expect(told).toEqual([1, 2, 3, 2])
  expect(await count()).toBe(2)
  expect(api.asked[0]).toMatchObject({ path: '/api/v1/namespaces/n/pods' })
  expect(Object.fromEntries(api.asked[0]?.query ?? [])).toMatchObject({ labelSelector: 'app=a', fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed' })
})

test('all namespaces are one watch', async () => {
  const { api, count } = await follow('*', (asked, response) => {
    if (isList(asked)) return list(1, thing('a', 1), { metadata: { ...thing('a', 1).metadata, namespace: 'other' } })
    response.writeHead(200).flushHeaders()
    return undefined
  })
  expect(await count()).toBe(2)
  expect(api.asked[0]?.path).toBe('/api/v1/pods')
})

test('a right that is not there is a refusal, and no zero', async () => {
  const { api, count } = await follow('n', () => failure(403, 'Forbidden'))
  await api.asks(isList)
  await expect(count()).rejects.toMatchObject({ code: 'TG_SOURCE_REFUSED', message: expect.stringContaining('pods app=a of n cannot be counted') as string })
})

test('what was seen before the server went out of sight is no count; after it is back it is', async () => {
  let isAway = false
  let drop: () => void = () => undefined
  const { count } = await follow('n', (asked, response) => {
    if (isAway) return failure(503, 'ServiceUnavailable')
    if (isList(asked)) return list(1, thing('a', 1))
    response.writeHead(200).flushHeaders()
    drop = () => response.destroy()
    return undefined
  })
  expect(await count()).toBe(1)
  isAway = true
  drop()
  await expect.poll(() => count().then(() => 'known', (error: unknown) => (error as { readonly code: string }).code), { timeout: 10_000 }).toBe('TG_SOURCE_UNREACHABLE')
  isAway = false
  await expect.poll(() => count().catch(() => undefined), { timeout: 30_000 }).toBe(1)
})
