import { expect, test } from 'vitest'
import { readResource, type Resource } from '../../src/api/index.js'
import { defineConnector, defineScaler, integer, secret, spec, string, TidegateError } from '../../src/plugin/index.js'
import { emptyRegistry } from '../../src/registry/registry.js'
import { system } from '../../src/runtime/system.js'
import type { ObjectRef, ResourceListener } from '../../src/runtime/ports.js'
import { FakeConnector } from '../fakes/connector.js'
import { ManualClock } from '../fakes/manual-clock.js'
import { FakeEndpoints, FakeFunction, FakeJobs, FakeObjects, FakeStatus, FakeTargets, FakeTelemetry, MemoryStore, ownsAll, RecordedDecisions, recordingLog } from '../fakes/ports.js'

const worker: ObjectRef = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name: 'worker' }
const origin = { kind: 'file', file: 'a.yaml', locate: () => ({ line: 1, column: 1 }) } as const

function read (raw: unknown): Resource {
  const parsed = readResource(raw, origin)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.value
}

const scaledObject = (name: string, spec: object = {}, metadata: object = {}) => read({
  apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', metadata: { name, ...metadata },
  spec: { scaleTargetRef: { name: 'worker' }, triggers: [{ type: 'depth', metadata: { queue: 'uploads' } }], ...spec },
})

const trigger = (spec: object = {}) => read({
  apiVersion: 'tidegate.dev/v1alpha1', kind: 'Trigger', metadata: { name: 'orders' },
  spec: { source: { fake: {} }, function: { name: 'worker' }, ...spec },
})

/** A whole system above fake ports; sources are what the test says. */
const setup = (...present: Resource[]) => setupWith({}, ...present)

async function setupWith ({ shadow = false }: { readonly shadow?: boolean }, ...present: Resource[]) {
  const clock = new ManualClock()
  const targets = new FakeTargets()
  targets.become(worker, 0)
  const endpoints = new FakeEndpoints()
  endpoints.become({ namespace: 'default', name: 'worker' }, { target: worker, endpoints: [] })
  const status = new FakeStatus()
  const objects = new FakeObjects()
  const telemetry = new FakeTelemetry()
  const decisions = new RecordedDecisions()
  const log = recordingLog()
  const state = new MemoryStore()
  const told: string[] = []
  const depths = new Map<string, number>()
  const passwords: (string | undefined)[] = []
  const connectors: FakeConnector[] = []
  let open = 0
  let openingMs = 0
  const depth = defineScaler({
    type: 'depth', title: 'Depth', summary: 'What the test says.', since: '0', stability: 'stable', examples: [{ title: 'One', yaml: 'type: depth' }],
    config: spec({ queue: string({ summary: 'Queue.' }), length: integer({ summary: 'Target.', default: 5, min: 1 }), password: secret({ summary: 'Password.', optional: true, from: ['auth', 'env'] }) }),
    measure: c => ({ name: c.queue, target: c.length, activation: 0, metricType: 'AverageValue' }),
    open: (c, _kit, measured) => {
      open++
      passwords.push(c.password?.reveal())
      return {
        read: async () => {
          const n = depths.get(c.queue)
          if (n === undefined) throw new TidegateError('TG_SOURCE_REFUSED', 'wrong password')
          return measured(n)
        },
        close: async () => { open-- },
      }
    },
  })
  const fake = defineConnector({
    type: 'fake', sourceKey: 'fake', title: 'Fake', summary: 'What the test hands out.', since: '0', stability: 'stable', examples: [{ title: 'One', yaml: '{}' }], config: spec({}),
    guarantees: { delivery: 'at-least-once', redelivery: 'broker', delayedRetry: true, order: 'none' },
    open: async () => {
      if (openingMs > 0) await clock.sleep(openingMs)
      const made = new FakeConnector()
      connectors.push(made)
      return made
    },
  })
  let listener: ResourceListener | undefined
  const running = system({
    resources: { watch: async (follower, signal) => {
      listener = follower
      for (const resource of present) follower.applied(resource)
      follower.synced()
      await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
    } },
    objects, targets, jobs: new FakeJobs(), endpoints, functions: new FakeFunction(), state, ownership: ownsAll, status, events: { emit: (_ref, { type, reason, note }) => { told.push(`${type} ${reason} ${note}`) } }, decisions,
    telemetry, clock, random: () => 0.5, log, shadow, registry: emptyRegistry.with({ scalers: [depth], connectors: [fake] }), defaults: () => ({}), clusterObjectNamespace: 'tidegate', authFiles: { read: async () => ({}) },
  })
  depths.set('uploads', 0)
  await running.start()
  await clock.advance(1000)
  return { clock, state, targets, endpoints, status, objects, telemetry, depths, passwords, connectors, log, told, decisions, stop: () => running.stop(), get open () { return open }, set openingMs (ms: number) { openingMs = ms }, get tell () { if (listener === undefined) throw new Error('not started'); return listener }, get replicas () { return targets.replicas(worker) } }
}

test('of two ScaledObjects on one target the older writes, and the other says why it does not', async () => {
  const t = await setup(
    scaledObject('young', { minReplicaCount: 7 }, { creationTimestamp: '2026-01-02T00:00:00Z' }),
    scaledObject('old', { minReplicaCount: 2 }, { creationTimestamp: '2026-01-01T00:00:00Z' }))
  expect(t.replicas).toBe(2)
  expect(t.status.condition('young', 'Ready')).toContain('TG_TARGET_CONFLICT')
  t.tell.deleted({ apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', namespace: 'default', name: 'old' })
  await t.clock.advance(31_000)
  expect(t.replicas).toBe(7)
  await t.stop()
  expect(t.open).toBe(0)
})

test('a new unit begins when the one before it has given its target back and forgotten it', async () => {
  const restoring = (): Resource => scaledObject('so', { minReplicaCount: 3, advanced: { restoreToOriginalReplicaCount: true } })
  const t = await setup(restoring())
  expect(t.replicas).toBe(3)
  const set = t.targets.set.bind(t.targets)
  let goOn: () => void = () => undefined
  t.targets.set = async (target, replicas) => {
    if (replicas === 0) await new Promise<void>(resolve => { goOn = resolve })
    return set(target, replicas)
  }
  t.tell.deleted({ apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', namespace: 'default', name: 'so' })
  await t.clock.advance(0)
  const decided = t.decisions.records.length
  t.tell.applied(restoring())
  await t.clock.advance(31_000)
  expect(t.decisions.records).toHaveLength(decided)
  goOn()
  await t.clock.advance(1000)
  expect(t.targets.sets.map(s => s.replicas)).toEqual([3, 0, 3])
  expect(t.state.values.size).toBe(1)
  await t.stop()
})

test('an edit keeps the client of a trigger that did not change, and a trigger that left is closed', async () => {
  const t = await setup(scaledObject('so'))
  expect(t.passwords).toHaveLength(1)
  t.tell.applied(scaledObject('so', { maxReplicaCount: 3 }))
  await t.clock.advance(1000)
  expect(t.passwords).toHaveLength(1)
  t.depths.set('other', 0)
  t.tell.applied(scaledObject('so', { triggers: [{ type: 'depth', metadata: { queue: 'other' } }] }))
  await t.clock.advance(1000)
  expect([t.passwords.length, t.open]).toEqual([2, 1])
  await t.stop()
})

test('a refused edit changes nothing that runs, and the object says where it is wrong', async () => {
  const t = await setup(scaledObject('so', { minReplicaCount: 2 }))
  expect(t.replicas).toBe(2)
  t.tell.applied(scaledObject('so', { minReplicaCount: 5, triggers: [{ type: 'dept', metadata: { queue: 'uploads' } }] }))
  await t.clock.advance(60_000)
  expect(t.replicas).toBe(2)
  expect(t.status.condition('so', 'Ready')).toContain('TG_SCALER_UNKNOWN')
  expect(t.status.condition('so', 'Ready')).toContain('did you mean depth?')
  await t.stop()
})

test('a field that nothing reads is told beside the one that is missing for it', async () => {
  const t = await setup(scaledObject('so', { triggers: [{ type: 'depth', metadata: { queu: 'uploads' } }] }))
  expect(t.status.condition('so', 'Ready')).toMatch(/^False TG_CONFIG_MISSING: .*"depth" needs queue.*\n.*queu: no such field for "depth"; did you mean queue\?$/)
  await t.stop()
})

test('a field of KEDA\'s object that nothing reads is a warning event, and the object works', async () => {
  const t = await setup(scaledObject('so', { minReplicaCount: 2, triggers: [{ type: 'depth', metadata: { queue: 'uploads', lenght: '9' } }] }))
  expect(t.replicas).toBe(2)
  expect(t.told.filter(line => line.startsWith('Warning'))).toEqual([expect.stringMatching(/^Warning TG_CONFIG_UNKNOWN_FIELD .*lenght: no such field for "depth"; did you mean length\?$/)])
  await t.stop()
})

test('a rotated secret is read at once after a refusal, and a new client takes over', async () => {
  const auth = read({
    apiVersion: 'keda.sh/v1alpha1', kind: 'TriggerAuthentication', metadata: { name: 'login' },
    spec: { secretTargetRef: [{ parameter: 'password', name: 'broker', key: 'password' }] },
  })
  const t = await setup(auth, scaledObject('so', { pollingInterval: 5, triggers: [{ type: 'depth', metadata: { queue: 'uploads' }, authenticationRef: { name: 'login' } }] }))
  t.objects.secrets.set('default/broker', { password: 'first' })
  await t.clock.advance(61_000)
  expect(t.passwords.at(-1)).toBe('first')
  t.objects.secrets.set('default/broker', { password: 'second' })
  t.depths.delete('uploads') // the broker refuses the old one
  await t.clock.advance(10_000)
  expect(t.passwords.at(-1)).toBe('second')
  expect(t.open).toBe(1)
  await t.stop()
})

test('a Trigger and a ScaledObject on one target are one unit: the highest wish wins', async () => {
  const t = await setup(scaledObject('so', { pollingInterval: 5 }), trigger())
  t.depths.set('uploads', 12)
  await t.clock.advance(5_000)
  expect(t.replicas).toBe(3)
  const [source] = t.connectors
  if (source !== undefined) source.waiting = 90
  await t.clock.advance(5_000)
  expect(t.replicas).toBe(9)
  expect(new Set(t.decisions.records.map(r => r.target.name))).toEqual(new Set(['worker']))
  await t.stop()
})

test('an edited Trigger drains its old run before the new one pulls', async () => {
  const t = await setup(trigger())
  expect(t.connectors).toHaveLength(1)
  t.tell.applied(trigger({ concurrency: { perReplica: 3 } }))
  await t.clock.advance(1000)
  expect(t.connectors.map(c => c.closed)).toEqual([1, 0])
  t.tell.applied(trigger({ concurrency: { perReplica: 3 } }))
  await t.clock.advance(1000)
  expect(t.connectors).toHaveLength(2)
  await t.stop()
})

test('resources are counted by kind and state', async () => {
  const t = await setup(scaledObject('so'), scaledObject('odd', { scaleTargetRef: { name: 'other' }, triggers: [{ type: 'kafka', metadata: {} }] }))
  await t.clock.advance(1000)
  expect(t.telemetry.values.get('resources{ScaledObject,at-work}')).toBe(1)
  expect(t.telemetry.values.get('resources{ScaledObject,refused}')).toBe(1)
  expect(t.status.condition('odd', 'Ready')).toContain('TG_SCALER_NOT_BUILT')
  await t.stop()
})

test('however quickly a Trigger is edited, one run at a time has its source', async () => {
  const t = await setup(trigger())
  t.connectors[0]?.offer('1') // waits for the function: the first run has something in hand
  await t.clock.advance(0)
  t.tell.applied(trigger({ concurrency: { perReplica: 3 } }))
  t.tell.applied(trigger({ concurrency: { perReplica: 4 } }))
  t.tell.deleted({ apiVersion: 'tidegate.dev/v1alpha1', kind: 'Trigger', namespace: 'default', name: 'orders' })
  t.tell.applied(trigger({ concurrency: { perReplica: 5 } }))
  await t.clock.advance(60_000)
  expect(t.connectors.map(c => c.closed)).toEqual([1, 0])
  await t.stop()
  expect(t.connectors.map(c => c.closed)).toEqual([1, 1])
})

test('the series of an edited Trigger go on, those of a deleted one go', async () => {
  const t = await setup(trigger())
  t.tell.applied(trigger({ concurrency: { perReplica: 3 } }))
  await t.clock.advance(1000)
  const series = (): number => [...t.telemetry.values.keys()].filter(key => /^(delivery_slots|events_lost_total|wakes_total)/.test(key)).length
  const labels = { namespace: 'default', trigger: 'orders', type: 'some' }
  for (const counter of [t.telemetry.counter('events_lost_total', labels), t.telemetry.counter('wakes_total', labels)]) counter.inc()
  expect(series()).toBe(3)
  t.tell.deleted({ apiVersion: 'tidegate.dev/v1alpha1', kind: 'Trigger', namespace: 'default', name: 'orders' })
  await t.clock.advance(1000)
  expect(series()).toBe(0)
  await t.stop()
})

test('an edited Trigger keeps its target at its count while the old run drains and the new source opens', async () => {
  const t = await setup(trigger({ scale: { cooldown: '2s' } }))
  const [source] = t.connectors
  if (source !== undefined) source.waiting = 50
  await t.clock.advance(6_000)
  expect(t.replicas).toBe(5)
  t.openingMs = 60_000
  t.tell.applied(trigger({ scale: { cooldown: '2s' }, concurrency: { perReplica: 9 } }))
  await t.clock.advance(59_000)
  expect(t.replicas).toBe(5)
  await t.clock.advance(12_000)
  expect(t.replicas).toBe(0)
  await t.stop()
})

test('where we only watch, the source of a Trigger is never opened, edited or not, and the Trigger says so', async () => {
  const t = await setupWith({ shadow: true }, trigger())
  t.tell.applied(trigger({ concurrency: { perReplica: 3 } }))
  await t.clock.advance(60_000)
  expect(t.connectors).toEqual([])
  expect(t.status.condition('orders', 'Ready')).toContain('only watches')
  expect(t.replicas).toBe(0)
  await t.stop()
})

test('a function behind which several could be scaled is not scaled, and its Trigger names them; one with a mode of its own is none of that', async () => {
  const t = await setup(trigger({ scale: { min: 2 } }))
  expect(t.replicas).toBe(2)
  t.endpoints.become({ namespace: 'default', name: 'worker' }, { target: worker, candidates: ['Deployment default/canary', 'Deployment default/worker'], endpoints: [] })
  t.tell.applied(trigger({ scale: { min: 5 } }))
  await t.clock.advance(61_000)
  expect(t.replicas).toBe(2)
  expect(t.status.condition('orders', 'Ready')).toMatch(/^False AmbiguousFunction: .*Deployment default\/canary, Deployment default\/worker/)
  t.tell.applied(trigger({ scale: { mode: 'External' } }))
  await t.clock.advance(1000)
  expect(t.status.condition('orders', 'Ready')).toContain('True TriggerReady')
  await t.stop()
})
