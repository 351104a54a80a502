import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/cli/clock.js'
import { AnnotationStore } from '../../src/kube/objects/annotation-store.js'
import { trimResource, type CustomResource, type WireCondition } from '../../src/kube/objects/custom-resource.js'
import { Revisions } from '../../src/kube/objects/revisions.js'
import { KubeStatus } from '../../src/kube/objects/status.js'
import { NotOwner, Writer } from '../../src/kube/api/writer.js'
import type { Clock, Condition } from '../../src/runtime/ports.js'
import { ManualClock } from '../fakes/manual-clock.js'
import { quiet } from '../fakes/ports.js'
import { until } from '../scenario/harness.js'
import { failure, ScriptedApi, type Asked } from './api-server.js'

interface Stored { metadata: { name: string, namespace: string, uid: string, generation: number, resourceVersion: string, annotations: Record<string, string> }, spec: object, status?: { conditions?: WireCondition[] } }

/** One ScaledObject as an API server keeps it: merge patches with their preconditions. The cache stays as it was at the start. */
async function scene (group: string, conditions: WireCondition[] = []): Promise<{ readonly api: ScriptedApi, readonly stored: Stored, readonly resource: CustomResource, readonly writer: Writer, readonly http: Awaited<ReturnType<ScriptedApi['start']>> }> {
  const api = new ScriptedApi()
  const stored: Stored = { metadata: { name: 'o', namespace: 'n', uid: 'u', generation: 3, resourceVersion: '5', annotations: { mine: 'x' } }, spec: { triggers: [{ type: 'cron' }] }, status: { conditions } }
  const raw = structuredClone(stored)
  api.script = ({ method, path, body }) => {
    if (method === 'GET') return { body: stored }
    const { metadata, status } = body as { metadata: { resourceVersion?: string, annotations?: Record<string, string | null> }, status?: Stored['status'] }
    if (metadata.resourceVersion !== undefined && metadata.resourceVersion !== stored.metadata.resourceVersion) return failure(409, 'Conflict')
    for (const [key, value] of Object.entries(metadata.annotations ?? {})) {
      if (value === null) delete stored.metadata.annotations[key]
      else stored.metadata.annotations[key] = value
    }
    if (path.endsWith('/status') && status !== undefined) stored.status = { ...stored.status, ...status }
    stored.metadata.resourceVersion = String(Number(stored.metadata.resourceVersion) + 1)
    return { body: stored }
  }
  const http = await api.start()
  const resource = trimResource(`${group}/v1alpha1`, 'ScaledObject', 'scaledobjects')(raw)
  return { api, stored, resource, http, writer: new Writer(http, { mayWrite: () => true, soon: async () => undefined }, false) }
}

const patches = (api: ScriptedApi): readonly Asked[] => api.asked.filter(a => a.method === 'PATCH')

async function store (epoch = 7): Promise<Awaited<ReturnType<typeof scene>> & { readonly state: AnnotationStore }> {
  const parts = await scene('keda.sh')
  const state = new AnnotationStore({
    ...parts, log: quiet, revisions: new Revisions(), epoch: () => epoch,
    speakerFor: target => target === 'Deployment n/d' ? parts.resource : undefined, find: (kind, namespace, name) => `${kind} ${namespace}/${name}` === 'ScaledObject n/o' ? parts.resource : undefined,
  })
  return { ...parts, state }
}

test('a memory is an annotation with the term of its writer; each write follows on the last without a look', async () => {
  const { api, stored, state } = await store()
  expect(await state.get('memory/Deployment n/d')).toBeUndefined()
  expect(await state.compareAndSet('memory/Deployment n/d', undefined, '{"a":1}')).toBe(true)
  const first = await state.get('memory/Deployment n/d')
  expect(first?.value).toBe('{"a":1}')
  expect(await state.compareAndSet('memory/Deployment n/d', first?.version, '{"a":2}')).toBe(true)
  expect(await state.compareAndSet('memory/Deployment n/d', first?.version, '{"a":3}')).toBe(false)
  expect(stored.metadata.annotations).toEqual({ mine: 'x', 'tidegate.dev/memory': '7 {"a":2}' })
  expect(api.asked.map(a => a.method)).toEqual(['PATCH', 'PATCH'])
})

test('a conflict over something else is tried again; one over the value is lost', async () => {
  const { api, stored, state } = await store()
  stored.metadata.resourceVersion = '90'
  expect(await state.compareAndSet('memory/Deployment n/d', undefined, '1')).toBe(true)
  expect(api.asked.map(a => a.method)).toEqual(['PATCH', 'GET', 'PATCH'])
  Object.assign(stored.metadata, { resourceVersion: '99', annotations: { 'tidegate.dev/memory': '7 another' } })
  expect(await state.compareAndSet('memory/Deployment n/d', '1', '2')).toBe(false)
  expect(stored.metadata.annotations['tidegate.dev/memory']).toBe('7 another')
})

test('whoever finds a memory of a later term than his own writes nothing', async () => {
  const { stored, state } = await store(7)
  Object.assign(stored.metadata, { resourceVersion: '99', annotations: { 'tidegate.dev/memory': '8 {}' } })
  await expect(state.compareAndSet('memory/Deployment n/d', undefined, '1')).rejects.toBeInstanceOf(NotOwner)
  expect(stored.metadata.annotations['tidegate.dev/memory']).toBe('8 {}')
})

test('what plugins remember stands together in one annotation', async () => {
  const { stored, state } = await store()
  await state.compareAndSet('plugin/ScaledObject/n/o/cron/a', undefined, '1')
  await state.compareAndSet('plugin/ScaledObject/n/o/cron/b', undefined, '2')
  expect(JSON.parse(stored.metadata.annotations['tidegate.dev/state'] ?? '')).toEqual({ 'cron/a': '1', 'cron/b': '2' })
  await state.delete('plugin/ScaledObject/n/o/cron/a')
  expect(await state.get('plugin/ScaledObject/n/o/cron/a')).toBeUndefined()
  expect(await state.compareAndSet('plugin/ScaledObject/n/gone/cron/a', undefined, '1')).toBe(false)
})

const ready = (status: Condition['status'], message = 'm'): Condition => ({ type: 'Ready', status, reason: status === 'True' ? 'Fine' : 'Broken', message })

async function sink (group: string, conditions: WireCondition[] = [], { mayWrite = () => true, clock = systemClock }: { readonly mayWrite?: () => boolean, readonly clock?: Clock } = {}): Promise<Awaited<ReturnType<typeof scene>> & { readonly report: (...told: Condition[]) => void }> {
  const parts = await scene(group, conditions)
  const writer = new Writer(parts.http, { mayWrite, soon: async () => undefined }, false)
  const status = new KubeStatus({ ...parts, writer, revisions: new Revisions(), clock, log: quiet, find: () => parts.resource, tell: () => undefined })
  onTestFinished(() => status.stop())
  return { ...parts, report: (...told) => status.report({ ref: parts.resource.ref, conditions: told }) }
}

test('what is told several times in one go is one write; the same again is none, nor are new words within a minute', async () => {
  const { api, stored, report } = await sink('keda.sh')
  for (const message of ['a', 'b', 'c']) report(ready('True', message))
  await api.asks(a => a.method === 'PATCH')
  expect(stored.status?.conditions).toEqual([{ type: 'Ready', status: 'True', reason: 'Fine', message: 'c' }])
  report(ready('True', 'c'))
  report(ready('True', 'd'))
  report(ready('False'))
  await api.asks(a => a.method === 'PATCH', 2)
  expect(stored.status?.conditions?.[0]).toMatchObject({ status: 'False' })
  expect(patches(api)).toHaveLength(2)
})

test('what the cluster has already is not written again by who takes over', async () => {
  const { api, report } = await sink('keda.sh', [{ type: 'Ready', status: 'True', reason: 'Fine', message: 'm' }])
  report(ready('True'))
  report(ready('False'))
  await api.asks(a => a.method === 'PATCH')
  expect(patches(api)).toHaveLength(1)
})

test('conditions of our own group have the generation, and the time at which they turned', async () => {
  const { api, stored, report } = await sink('tidegate.dev', [{ type: 'Ready', status: 'True', reason: 'Old', message: 'm', lastTransitionTime: '2020-01-01T00:00:00Z' }])
  report(ready('True'))
  await api.asks(a => a.method === 'PATCH')
  expect(stored.status).toMatchObject({ observedGeneration: 3, conditions: [{ reason: 'Fine', observedGeneration: 3, lastTransitionTime: '2020-01-01T00:00:00Z' }] })
  report(ready('False'))
  await api.asks(a => a.method === 'PATCH', 2)
  expect(stored.status?.conditions?.[0]?.lastTransitionTime).not.toBe('2020-01-01T00:00:00Z')
})

test('what is told while the lease is late is written when it is not', { timeout: 30_000 }, async () => {
  let isLate = true
  let tries = 0
  const { api, stored, report } = await sink('keda.sh', [], { mayWrite: () => { tries++; return !isLate } })
  report(ready('False'))
  report(ready('True'))
  await until(() => tries > 0)
  expect(patches(api)).toEqual([])
  isLate = false
  await api.asks(a => a.method === 'PATCH')
  expect(stored.status?.conditions).toEqual([{ type: 'Ready', status: 'True', reason: 'Fine', message: 'm' }])
})

test('an object that opens its sources is written once, when they were looked at', async () => {
  const clock = new ManualClock()
  const { api, report } = await sink('keda.sh', [], { clock })
  report(ready('Unknown'))
  await clock.advance(2000)
  report(ready('True'))
  await clock.advance(2000)
  await api.asks(a => a.method === 'PATCH')
  expect(patches(api)).toHaveLength(1)
})
