import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/cli/clock.js'
import { Autoscalers } from '../../src/kube/targets/autoscalers.js'
import { Discovery } from '../../src/kube/api/discovery.js'
import { KubeEndpoints } from '../../src/kube/functions/endpoints.js'
import { Workloads } from '../../src/kube/targets/workloads.js'
import type { FunctionState } from '../../src/runtime/ports.js'
import { quiet } from '../fakes/ports.js'
import { isWatch, line, list, ScriptedApi, thing } from './api-server.js'

const meta = (name: string, version: number, labels = {}) => ({ metadata: { ...thing(name, version).metadata, labels } })
const web = { ...meta('web', 1), spec: { replicas: 1, selector: { matchLabels: { app: 'web' } }, template: { metadata: { labels: { app: 'web', tier: 'x' } }, spec: { containers: [{ name: 'c', ports: [{ containerPort: 9000 }] }] } } } }
const service = { ...meta('fn', 2), spec: { selector: { app: 'web' }, ports: [{ name: 'admin', port: 81 }, { name: 'http', port: 80 }] } }
const pod = (name: string, address: string, conditions: object) => ({ addresses: [address], conditions, targetRef: { kind: 'Pod', name } })
const slice = (name: string, version: number, ...endpoints: readonly object[]) => ({ ...meta(name, version, { 'kubernetes.io/service-name': 'fn' }), ports: [{ name: 'http', port: 8080 }, { name: 'admin', port: 9090 }], endpoints })

/** The endpoints of function `name` as they are told, and a way to tell more of a kind. */
async function scene (objects: Readonly<Record<string, readonly object[]>>, fn: { readonly name: string, readonly port?: number | string }): Promise<{ readonly api: ScriptedApi, readonly states: (FunctionState | undefined)[], readonly say: (plural: string, type: string, object: object) => Promise<void> }> {
  const api = new ScriptedApi()
  const open = new Map<string, (text: string) => void>()
  api.script = (asked, response) => {
    const plural = asked.path.split('/').at(-1) ?? ''
    if (!isWatch(asked)) return list(5, ...objects[plural] ?? [])
    response.writeHead(200).flushHeaders()
    open.set(plural, text => { response.write(text) })
    return undefined
  }
  const http = await api.start()
  const parts = { http, clock: systemClock, random: () => 0.5, log: quiet }
  const workloads = new Workloads(parts, [])
  const autoscalers = new Autoscalers(parts, [])
  const endpoints = new KubeEndpoints({ ...parts, workloads, autoscalers, discovery: new Discovery(http, systemClock), namespaces: [] })
  const stopping = new AbortController()
  const all = [...workloads.reflectors, ...autoscalers.reflectors, ...endpoints.reflectors]
  const runs = all.map(reflector => reflector.run(stopping.signal))
  onTestFinished(async () => { stopping.abort(); await Promise.all(runs) })
  await Promise.all(all.map(reflector => reflector.synced))
  const states: (FunctionState | undefined)[] = []
  let look: () => void = () => undefined
  onTestFinished(endpoints.watch({ namespace: 'n', ...fn }, state => { states.push(state); look() }))
  return {
    api, states,
    async say (plural, type, object) {
      await api.asks(asked => isWatch(asked) && asked.path.endsWith(`/${plural}`))
      const told = new Promise<void>(resolve => { look = resolve })
      open.get(plural)?.(line(type, object))
      await told
    },
  }
}

const target = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'n', name: 'web' }

test('a Service leads to the ready pods of its slices, on the pod\'s port, and to the workload that it selects', async () => {
  const { states, say } = await scene({ deployments: [web], services: [service], endpointslices: [slice('s1', 3, pod('a', '10.0.0.1', { ready: true }), pod('b', '10.0.0.2', { ready: false, serving: false }))] }, { name: 'fn', port: 80 })
  expect(states).toEqual([{ target, endpoints: [{ id: 'a', url: 'http://10.0.0.1:8080' }] }])
  await say('endpointslices', 'ADDED', slice('s2', 6, pod('a', '10.0.0.1', { ready: true }), pod('c', 'fd00::3', {})))
  expect(states.at(-1)?.endpoints).toEqual([{ id: 'a', url: 'http://10.0.0.1:8080' }, { id: 'c', url: 'http://[fd00::3]:8080' }])
})

test('the port is the first of the Service unless it is named', async () => {
  const slices = [slice('s1', 3, pod('a', '10.0.0.1', { ready: true }))]
  const unnamed = await scene({ deployments: [web], services: [service], endpointslices: slices }, { name: 'fn' })
  expect(unnamed.states[0]?.endpoints[0]?.url).toBe('http://10.0.0.1:9090')
  const named = await scene({ deployments: [web], services: [service], endpointslices: slices }, { name: 'fn', port: 'http' })
  expect(named.states[0]?.endpoints[0]?.url).toBe('http://10.0.0.1:8080')
})

test('a pod that ends is not called, though it still serves and no other is ready: an event waits for the next one', async () => {
  const { states } = await scene({ services: [service], endpointslices: [slice('s1', 3, pod('a', '10.0.0.1', { ready: false, serving: true, terminating: true }))] }, { name: 'fn', port: 80 })
  expect(states).toEqual([{ target: undefined, endpoints: [] }])
})

test('a Deployment without a Service is called at its pods; a name with nothing behind it is none', async () => {
  const running = { ...meta('p1', 4), status: { podIP: '10.0.0.9', conditions: [{ type: 'Ready', status: 'True' }] } }
  const { states, say } = await scene({ deployments: [web], pods: [] }, { name: 'web' })
  expect(states).toEqual([{ target, endpoints: [] }])
  await say('pods', 'ADDED', running)
  expect(states.at(-1)).toEqual({ target, endpoints: [{ id: 'p1', url: 'http://10.0.0.9:9000' }] })
  const nothing = await scene({}, { name: 'nobody' })
  expect(nothing.states).toEqual([undefined])
})

test('the pods of a Deployment are asked for by its whole selector', async () => {
  const matchExpressions = [{ key: 'app', operator: 'In', values: ['web', 'www'] }, { key: 'tier', operator: 'NotIn', values: ['y'] }, { key: 'app', operator: 'Exists' }, { key: 'canary', operator: 'DoesNotExist' }]
  const { api } = await scene({ deployments: [{ ...web, spec: { ...web.spec, selector: { matchLabels: { tier: 'x' }, matchExpressions } } }] }, { name: 'web' })
  const [asked] = await api.asks(({ path }) => path.endsWith('/pods'))
  expect(asked?.query.get('labelSelector')).toBe('tier=x,app in (web,www),tier notin (y),app,!canary')
})

test.each([
  ['is empty', {}],
  ['has an operator that nobody knows', { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'app', operator: 'Like', values: ['w*'] }] }],
])('where the selector of a Deployment %s no pod is called, and it is said why', async (_, selector) => {
  const { api, states } = await scene({ deployments: [{ ...web, spec: { ...web.spec, selector } }], pods: [thing('other', 4)] }, { name: 'web' })
  expect(states).toMatchObject([{ target, endpoints: [], trouble: { reason: 'NoPodSelector' } }])
  expect(api.asked.filter(({ path }) => path.endsWith('/pods'))).toEqual([])
})

test('of several workloads behind one Service all are named, in an order that does not depend on who came first', async () => {
  const canary = { ...web, ...meta('canary', 2) }
  const candidates = ['Deployment n/canary', 'Deployment n/web']
  for (const deployments of [[web, canary], [canary, web]]) {
    const { states, say } = await scene({ deployments, services: [service] }, { name: 'fn' })
    expect(states).toEqual([{ target: { ...target, name: 'canary' }, candidates, endpoints: [] }])
    await say('deployments', 'DELETED', canary)
    expect(states.at(-1)).toEqual({ target, endpoints: [] })
  }
})
