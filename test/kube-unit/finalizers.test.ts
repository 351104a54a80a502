import type { ServerResponse } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/cli/clock.js'
import { Autoscalers } from '../../src/kube/targets/autoscalers.js'
import { trimResource, type CustomResource } from '../../src/kube/objects/custom-resource.js'
import { Discovery } from '../../src/kube/api/discovery.js'
import { Finalizers } from '../../src/kube/objects/finalizers.js'
import type { KubeHttp } from '../../src/kube/api/http.js'
import { KubeResources } from '../../src/kube/objects/resources.js'
import { Workloads } from '../../src/kube/targets/workloads.js'
import { Writer } from '../../src/kube/api/writer.js'
import { quiet } from '../fakes/ports.js'
import { isWatch, line, list, ScriptedApi, type Asked } from './api-server.js'

const finalizer = 'tidegate.dev/restore-replicas'
const path = '/apis/keda.sh/v1alpha1/namespaces/n/scaledobjects/office'

const raw = (version: number, metadata: object = {}) => ({
  apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', metadata: { name: 'office', namespace: 'n', uid: 'u', resourceVersion: String(version), finalizers: [finalizer], ...metadata },
  spec: { scaleTargetRef: { name: 'office' }, advanced: { restoreToOriginalReplicaCount: true }, triggers: [{ type: 'cron', metadata: { timezone: 'UTC', start: '0 0 1 1 *', end: '0 1 1 1 *', desiredReplicas: '1' } }] },
})
const ending = { deletionTimestamp: '2026-01-01T00:00:00Z' }
const isTended = ({ method, path: at }: Asked): boolean => method === 'PATCH' && at === path

interface Stage {
  readonly api: ScriptedApi
  readonly http: KubeHttp
  readonly finalizers: Finalizers
  readonly looks: CustomResource[]
  /** Resolves at the next request for another look. */
  readonly lookedAgain: () => Promise<void>
  mayWrite: boolean
}

async function stage (): Promise<Stage> {
  const api = new ScriptedApi()
  const http = await api.start()
  const looks: CustomResource[] = []
  let told: () => void = () => undefined
  const made: Stage = {
    api, http, looks, mayWrite: true,
    lookedAgain: () => new Promise(resolve => { told = resolve }),
    finalizers: new Finalizers({
      mode: 'coexist', http, writer: new Writer(http, { mayWrite: () => made.mayWrite, soon: async () => undefined }, false), discovery: new Discovery(http, systemClock), clock: systemClock, log: quiet,
      again: resource => { looks.push(resource); told() }, isTaken: () => false,
    }),
  }
  return made
}

const resource = (version: number, metadata: object = {}): CustomResource => trimResource('keda.sh/v1alpha1', 'ScaledObject', 'scaledobjects')(raw(version, metadata))
const ours = { kind: 'ours' } as const

test('a finalizer that could not come off while the lease was late comes off at the next try', async () => {
  const t = await stage()
  t.api.script = asked => ({ body: isTended(asked) ? raw(3) : { metadata: { resourceVersion: '1' }, spec: { replicas: 0 } } })
  t.mayWrite = false
  t.finalizers.end(resource(2, ending), ours, Promise.resolve())
  await t.lookedAgain()
  expect(t.api.asked.filter(isTended)).toEqual([])
  t.mayWrite = true
  t.finalizers.end(resource(2, ending), ours, Promise.resolve())
  const [off] = await t.api.asks(isTended)
  expect(off?.body).toMatchObject({ metadata: { finalizers: [] } })
})

test('a deletion that comes while the finalizer is being put on is looked at again', async () => {
  const t = await stage()
  let answer: () => void = () => undefined
  const gate = new Promise<void>(resolve => { answer = resolve })
  let came: () => void = () => undefined
  const isUnderWay = new Promise<void>(resolve => { came = resolve })
  t.api.script = async () => { came(); await gate; return { body: raw(3) } }
  t.finalizers.tend(resource(1, { finalizers: [] }), ours)
  await isUnderWay
  t.finalizers.end(resource(2, ending), ours, Promise.resolve())
  const looked = t.lookedAgain()
  answer()
  await looked
  expect(t.looks.map(({ isEnding }) => isEnding)).toEqual([false])
})

test('nothing is given back before the loops have let go, however often an ending object is looked at', async () => {
  const t = await stage()
  let watch: ServerResponse | undefined
  let answer: () => void = () => undefined
  const gate = new Promise<void>(resolve => { answer = resolve })
  t.api.script = async (asked, response) => {
    if (isTended(asked)) { await gate; return { body: raw(2) } }
    if (isWatch(asked) && asked.path.endsWith('/keda.sh/v1alpha1/scaledobjects')) { watch = response.writeHead(200); watch.flushHeaders(); return undefined }
    if (isWatch(asked)) { response.writeHead(200).flushHeaders(); return undefined }
    return asked.path.endsWith('/keda.sh/v1alpha1/scaledobjects') ? list(1, raw(1, { finalizers: [] })) : list(1)
  }
  const parts = { http: t.http, clock: systemClock, random: () => 0.5, log: quiet }
  const resources = new KubeResources({ ...parts, autoscalers: new Autoscalers(parts, []), workloads: new Workloads(parts, []), namespaces: [], shadow: false, keda: 'coexist', cluster: 'c' })
  resources.tendWith(t.finalizers)
  const stopping = new AbortController()
  const running = Promise.all(resources.reflectors.map(reflector => reflector.run(stopping.signal)))
  await Promise.all(resources.reflectors.map(reflector => reflector.synced))
  const letGo: (() => void)[] = []
  let told: () => void = () => undefined
  const isDeleted = new Promise<void>(resolve => { told = resolve })
  const watching = resources.watch({ applied: () => undefined, refused: () => undefined, synced: () => undefined, deleted: (_ref, done) => { if (done !== undefined) letGo.push(done); told() } }, stopping.signal)
  onTestFinished(async () => { answer(); stopping.abort(); await Promise.all([running, watching]) })
  await t.api.asks(asked => isWatch(asked) && asked.path.endsWith('/keda.sh/v1alpha1/scaledobjects'))
  watch?.write(line('MODIFIED', raw(2, ending))) // while its finalizer is being put on
  await isDeleted
  answer()
  const again = resources.of('ScaledObject', 'n', 'office')
  if (again === undefined) throw new Error('the object is gone')
  resources.again(again)
  await new Promise<void>(resolve => systemClock.after(500, resolve)) // longer than changes are gathered
  expect(letGo).toHaveLength(1)
  expect(t.api.asked.filter(isTended)).toHaveLength(1)
  letGo[0]?.()
  const [, off] = await t.api.asks(isTended, 2)
  expect(off?.body).toMatchObject({ metadata: { finalizers: [], resourceVersion: '2' } })
})
