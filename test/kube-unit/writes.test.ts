import { writeFileSync } from 'node:fs'
import { describe, expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/cli/clock.js'
import { ApiError } from '../../src/kube/api/api-error.js'
import { Discovery } from '../../src/kube/api/discovery.js'
import { PodCosts } from '../../src/kube/targets/pod-costs.js'
import { KubeScaleTarget } from '../../src/kube/targets/scale-target.js'
import { Workloads } from '../../src/kube/targets/workloads.js'
import { NotOwner, Writer } from '../../src/kube/api/writer.js'
import type { KubeHttp } from '../../src/kube/api/http.js'
import type { TargetState } from '../../src/runtime/ports.js'
import { quiet } from '../fakes/ports.js'
import { type Asked, failure, isList, isWatch, list, type Reply, ScriptedApi } from './api-server.js'

const target = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'n', name: 'web' }
const stored = (version: number, replicas: number) =>
  ({ metadata: { name: 'web', namespace: 'n', uid: 'u', resourceVersion: String(version), generation: version }, spec: { replicas, selector: { matchLabels: { app: 'web' } }, template: {} }, status: { replicas, readyReplicas: replicas } })
const scale = (version: number, replicas: number): Reply => ({ body: { metadata: { resourceVersion: String(version) }, spec: replicas === 0 ? {} : { replicas } } })
const isScale = ({ path }: Asked): boolean => path.endsWith('/scale')

interface Scene { readonly api: ScriptedApi, readonly targets: KubeScaleTarget, readonly states: (TargetState | undefined)[], readonly http: KubeHttp }

/** A Deployment of 2 at version 5; `onScale` answers its scale subresource. */
async function scene (onScale: (asked: Asked) => Reply, mayWrite = (): boolean => true): Promise<Scene> {
  const api = new ScriptedApi()
  api.script = (asked, response) => {
    if (isScale(asked)) return onScale(asked)
    if (isWatch(asked)) { response.writeHead(200).flushHeaders(); return undefined }
    return isList(asked) && asked.path.endsWith('/deployments') ? list(5, stored(5, 2)) : list(5)
  }
  const http = await api.start()
  const parts = { http, clock: systemClock, random: () => 0.5, log: quiet }
  const workloads = new Workloads(parts, [])
  const stopping = new AbortController()
  const runs = workloads.reflectors.map(reflector => reflector.run(stopping.signal))
  onTestFinished(async () => { stopping.abort(); await Promise.all(runs) })
  await Promise.all(workloads.reflectors.map(reflector => reflector.synced))
  const writer = new Writer(http, { mayWrite, soon: async () => undefined }, false)
  const targets = new KubeScaleTarget({ ...parts, writer, workloads, discovery: new Discovery(http, systemClock), podCosts: new PodCosts({ http, writer, workloads }) })
  const states: (TargetState | undefined)[] = []
  onTestFinished(targets.watch(target, state => { states.push(state) }))
  return { api, targets, states, http }
}

test('a count is one PATCH that names the version it was decided on, without a GET before it', async () => {
  const { api, targets, states } = await scene(() => scale(6, 7))
  await targets.set(target, 7, new Set())
  expect(api.asked.filter(isScale)).toMatchObject([{ method: 'PATCH', body: { metadata: { resourceVersion: '5' }, spec: { replicas: 7 } } }])
  expect(states.map(s => s?.spec)).toEqual([2, 7])
})

test('a conflict over something else of the target is tried again with the new version', async () => {
  const { api, targets, states } = await scene(({ method, body }) => {
    if (method === 'GET') return scale(9, 2)
    return (body as { metadata: { resourceVersion: string } }).metadata.resourceVersion === '9' ? scale(10, 7) : failure(409, 'Conflict')
  })
  await targets.set(target, 7, new Set())
  expect(api.asked.filter(isScale).map(a => a.method)).toEqual(['PATCH', 'GET', 'PATCH'])
  expect(states.at(-1)?.spec).toBe(7)
})

test('a count that somebody else changed meanwhile is not written over: it is told, and decided on anew', async () => {
  const { api, targets, states } = await scene(({ method }) => method === 'GET' ? scale(9, 4) : failure(409, 'Conflict'))
  await expect(targets.set(target, 7, new Set())).rejects.toMatchObject({ status: 409 })
  expect(api.asked.filter(a => a.method === 'PATCH')).toHaveLength(1)
  expect(states.map(s => s?.spec)).toEqual([2, 4])
})

test('without the lease nothing is sent', async () => {
  const { api, targets } = await scene(() => scale(6, 7), () => false)
  await expect(targets.set(target, 7, new Set())).rejects.toBeInstanceOf(NotOwner)
  expect(api.asked.filter(isScale)).toEqual([])
})

test('a lease that ends while a write waits for an overloaded server holds the write back', async () => {
  let holds = true
  const { api, targets } = await scene(() => { holds = false; return failure(429, 'TooManyRequests', { 'retry-after': '0' }) }, () => holds)
  await expect(targets.set(target, 7, new Set())).rejects.toBeInstanceOf(NotOwner)
  expect(api.asked.filter(isScale)).toHaveLength(1)
})

describe('before a count is lowered', () => {
  const costKey = 'controller.kubernetes.io/pod-deletion-cost'
  const pod = (name: string, { ready = true, cost, ending = false }: { readonly ready?: boolean, readonly cost?: string, readonly ending?: boolean } = {}) => ({
    metadata: { name, namespace: 'n', ...(cost === undefined ? {} : { annotations: { [costKey]: cost } }), ...(ending ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
    status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  })
  /** The pods of the target, and what was written to them. */
  async function pods (...all: readonly ReturnType<typeof pod>[]): Promise<Scene & { readonly costs: () => readonly unknown[] }> {
    const given = await scene(() => scale(6, 1))
    const { api } = given
    const others = api.script
    api.script = (asked, response) => {
      if (asked.path.endsWith('/pods')) return list(5, ...all)
      if (!asked.path.includes('/pods/')) return others(asked, response)
      const found = all.find(p => asked.path.endsWith(`/${p.metadata.name}`))
      return found === undefined ? failure(404, 'NotFound') : { body: found }
    }
    return { ...given, costs: () => api.asked.filter(a => a.path.includes('/pods/')).map(a => [a.path.split('/').at(-1), (a.body as { metadata: { annotations: Record<string, unknown> } }).metadata.annotations[costKey]]) }
  }
  const ours = '1000000019'

  test('pods that work are marked as the last to go, and marks of pods that rest are taken off, whoever made them', async () => {
    const { targets, costs } = await pods(pod('web-a'), pod('web-b', { cost: ours }), pod('web-c', { cost: ours }), pod('web-d', { cost: '7' }))
    await targets.set(target, 1, new Set(['web-a', 'web-b']))
    expect([...costs()].sort()).toEqual([['web-a', ours], ['web-c', null]])
  })

  test('where none works nothing is asked of pods', async () => {
    const { api, targets } = await pods(pod('web-a', { cost: ours }))
    await targets.set(target, 0, new Set())
    expect(api.asked.filter(a => a.path.includes('/pods'))).toEqual([])
  })

  test('a pod that works and is not ready would go first: the count stays until its work is done', async () => {
    const { api, targets } = await pods(pod('web-a', { ready: false }), pod('web-b'))
    await expect(targets.set(target, 1, new Set(['web-a']))).rejects.toThrow('web-a of Deployment n/web works and is not ready')
    expect(api.asked.filter(isScale)).toEqual([])
  })

  test('a pod that ends already, or is gone, holds up nothing', async () => {
    const { api, targets } = await pods(pod('web-a', { ready: false, ending: true }), pod('web-b'))
    await targets.set(target, 1, new Set(['web-a', 'web-gone']))
    expect(api.asked.filter(isScale)).toHaveLength(1)
  })
})

test('a token that was rotated is read again at the first refusal', async () => {
  const { api, http } = await scene(() => scale(6, 7))
  writeFileSync(api.tokenFile, 'second')
  api.script = ({ token }) => token === 'second' ? { body: { ok: true } } : failure(401, 'Unauthorized')
  expect(await http.request({ method: 'GET', path: '/api', urgency: 'read' })).toEqual({ ok: true })
})

test('an answer that says why is an error that says it', async () => {
  const { api, http } = await scene(() => scale(6, 7))
  api.script = () => failure(422, 'Invalid')
  const error = await http.request({ method: 'POST', path: '/api', urgency: 'read', body: {} }).catch((e: unknown) => e)
  expect(error).toBeInstanceOf(ApiError)
  expect(error).toMatchObject({ status: 422, reason: 'Invalid', message: 'POST /api: 422 Invalid' })
})
