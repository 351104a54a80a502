import { describe, expect, onTestFinished, test } from 'vitest'
import { readResource, type Resource } from '../../src/api/index.js'
import { TidegateError } from '../../src/core/errors.js'
import { defineScaler, integer, spec, string } from '../../src/plugin/index.js'
import { emptyRegistry } from '../../src/registry/registry.js'
import type { ResourceListener } from '../../src/runtime/ports.js'
import { system } from '../../src/runtime/system.js'
import { ManualClock } from '../fakes/manual-clock.js'
import { FakeEndpoints, FakeFunction, FakeJobs, FakeObjects, FakeStatus, FakeTargets, FakeTelemetry, MemoryStore, ownsAll, recordingLog, RecordedDecisions } from '../fakes/ports.js'

const ref = { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledJob', namespace: 'default', name: 'renders' }

function scaledJob (more: Record<string, unknown> = {}, metadata: Record<string, unknown> = {}): Resource {
  const read = readResource({
    apiVersion: ref.apiVersion, kind: ref.kind, metadata: { name: ref.name, uid: 'one', generation: 1, ...metadata },
    spec: { jobTargetRef: { template: { spec: { containers: [{ name: 'main' }] } } }, pollingInterval: 30, triggers: [{ type: 'depth', metadata: { queue: 'q' } }], ...more },
  }, { kind: 'cluster', cluster: 'test' })
  if (!read.ok) throw new Error(JSON.stringify(read.problems))
  return read.value
}

interface World { readonly jobs: FakeJobs, readonly state: MemoryStore, readonly clock: ManualClock }
const world = (): World => ({ jobs: new FakeJobs(), state: new MemoryStore(), clock: new ManualClock() })

/** A whole system above fake ports: one source, whose depth the test says, and whose bell it rings. */
async function setup (present: readonly Resource[], { jobs, state, clock }: World = world()) {
  const status = new FakeStatus()
  const decisions = new RecordedDecisions()
  const events: { reason: string, note: string }[] = []
  const source = { depth: 0 as number | undefined, looks: 0, ring: () => undefined as void }
  const depth = defineScaler({
    type: 'depth', title: 'Depth', summary: 'What the test says.', since: '0', stability: 'stable', examples: [{ title: 'One', yaml: 'type: depth' }],
    config: spec({ queue: string({ summary: 'Queue.' }), length: integer({ summary: 'Target.', default: 1, min: 1 }) }),
    measure: c => ({ name: c.queue, target: c.length, activation: 0, metricType: 'AverageValue' }),
    open: async (_config, _kit, measured) => ({
      async read () {
        source.looks++
        if (source.depth === undefined) throw new TidegateError('TG_SOURCE_UNREACHABLE', 'no answer')
        return measured(source.depth)
      },
      async * watch (signal: AbortSignal) {
        while (!signal.aborted) {
          await new Promise<void>(resolve => { source.ring = resolve; signal.addEventListener('abort', () => resolve()) })
          if (!signal.aborted) yield 'ring' as const
        }
      },
      close: async () => undefined,
    }),
  })
  let listener: ResourceListener | undefined
  const running = system({
    resources: { watch: async (told, signal) => {
      listener = told
      for (const resource of present) told.applied(resource)
      told.synced()
      await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
    } },
    objects: new FakeObjects(), targets: new FakeTargets(), jobs, endpoints: new FakeEndpoints(), functions: new FakeFunction(), state, ownership: ownsAll, status,
    events: { emit: (_ref, event) => { events.push(event) } }, decisions, telemetry: new FakeTelemetry(), clock, random: () => 0.5, log: recordingLog(),
    registry: emptyRegistry.with({ scalers: [depth], connectors: [] }), defaults: () => ({}), clusterObjectNamespace: 'tidegate', authFiles: { read: async () => ({}) },
  })
  let isStopped = false
  const stop = async (): Promise<void> => { if (!isStopped) await running.stop(); isStopped = true }
  onTestFinished(stop)
  await running.start()
  await clock.advance(1000)
  return {
    jobs, state, clock, status, decisions, events, source, stop,
    get tell () { if (listener === undefined) throw new Error('not started'); return listener },
    reasons: () => events.map(event => event.reason),
    async ring () { source.ring(); await clock.advance(300) },
  }
}

test('as many jobs as wait, and with what runs taken off no more at the next look', async () => {
  const t = await setup([scaledJob()])
  expect(t.jobs.names).toEqual([])
  t.source.depth = 3
  await t.clock.advance(30_000)
  expect(t.jobs.names).toHaveLength(3)
  await t.clock.advance(60_000)
  expect(t.jobs.asked).toHaveLength(3)
  expect(t.reasons()).toEqual(expect.arrayContaining(['ScaledJobActive', 'KEDAJobsCreated']))
  expect(t.status.condition('renders', 'Active')).toContain('True ScalerActive')
  expect(t.decisions.ofJobs.find(record => record.decision.create > 0)?.names).toEqual(t.jobs.asked)
})

test('a ring looks at once, and a job that ends where there was no room makes room for the next', async () => {
  const t = await setup([scaledJob({ maxReplicaCount: 1 })])
  t.source.depth = 5
  await t.ring()
  expect(t.jobs.names).toHaveLength(1)
  await t.clock.advance(30_000)
  expect(t.jobs.asked).toHaveLength(1)
  t.jobs.all({ finished: 'Complete', finishedAt: 1 })
  await t.clock.advance(300)
  expect(t.jobs.asked).toHaveLength(2)
})

test('accurate: a ring that follows a creation waits for the polling interval, since the new jobs take their entries only after they started', async () => {
  const t = await setup([scaledJob({ scalingStrategy: { strategy: 'accurate' } })])
  t.source.depth = 2
  await t.ring()
  t.jobs.all({ pods: [{ phase: 'Running', trueConditions: [] }] })
  await t.ring()
  expect(t.jobs.asked).toHaveLength(2)
  t.source.depth = 1
  await t.clock.advance(30_000)
  expect(t.jobs.asked).toHaveLength(3)
})

describe('a crash', () => {
  test('between memory and the jobs makes the same jobs after it, and none twice', async () => {
    const shared = world()
    shared.jobs.failing = { with: new Error('the connection broke'), made: true }
    const before = await setup([scaledJob()], shared)
    before.source.depth = 2
    await before.ring()
    expect(shared.jobs.names).toHaveLength(2)
    await before.stop()
    shared.jobs.failing = undefined
    const after = await setup([scaledJob()], shared)
    after.source.depth = 2
    await shared.clock.advance(30_000)
    expect(shared.jobs.names).toHaveLength(2)
    expect(new Set(shared.jobs.asked).size).toBe(2)
  })

  test('after a decision was carried out makes nothing again, though its jobs are gone', async () => {
    const shared = world()
    const before = await setup([scaledJob()], shared)
    before.source.depth = 2
    await before.ring()
    await before.stop()
    shared.jobs.become([])
    await setup([scaledJob()], shared)
    await shared.clock.advance(30_000)
    expect(shared.jobs.asked).toHaveLength(2)
  })

  test('two that decide the same at once make it once', async () => {
    const shared = world()
    const [one, other] = [await setup([scaledJob()], shared), await setup([scaledJob()], shared)]
    one.source.depth = other.source.depth = 3
    await shared.clock.advance(31_000)
    expect(shared.jobs.names).toHaveLength(3)
  })
})

test('what may not be known creates nothing: the jobs, and the only source', async () => {
  const t = await setup([scaledJob()])
  t.source.depth = 2
  t.jobs.become(undefined)
  await t.ring()
  expect(t.jobs.asked).toEqual([])
  expect(t.status.condition('renders', 'Ready')).toContain('False ScaledJobCheckFailed: Cannot get list of Jobs owned by this scaledJob')
  t.jobs.become([])
  t.source.depth = undefined
  await t.clock.advance(30_000)
  expect(t.jobs.asked).toEqual([])
  expect(t.status.condition('renders', 'Ready')).toContain('False TriggerError: Triggers defined in ScaledJob are not working correctly')
  expect(t.status.condition('renders', 'Active')).toContain('False ScalerNotActive')
})

describe('pause (pause_scaledjob)', () => {
  const paused = { annotations: { 'autoscaling.keda.sh/paused': 'true' } }
  test('running jobs go on, no new one comes, nothing is looked at; without the annotation, or with false, they come again', async () => {
    const t = await setup([scaledJob()])
    t.source.depth = 1
    await t.ring()
    t.tell.applied(scaledJob({}, paused))
    await t.clock.advance(1000)
    const looks = t.source.looks
    t.jobs.all({ finished: 'Complete', finishedAt: 1 })
    await t.clock.advance(90_000)
    expect([t.jobs.asked.length, t.jobs.deleted.length, t.source.looks - looks]).toEqual([1, 0, 0])
    expect(t.status.condition('renders', 'Paused')).toContain('True ScaledJobPaused')
    expect(t.status.condition('renders', 'Ready')).toBe('True ScaledJobReady: ScaledJob is paused, skipping reconcile loop')
    t.tell.applied(scaledJob({}, { annotations: { 'autoscaling.keda.sh/paused': 'false' } }))
    await t.clock.advance(1000)
    expect(t.jobs.asked).toHaveLength(2)
    expect(t.reasons()).toEqual(expect.arrayContaining(['ScaledJobPaused', 'ScaledJobUnpaused']))
  })

  test('a pause with an end ends by itself at that instant', async () => {
    const shared = world()
    const until = new Date(shared.clock.now() + 10_000).toISOString()
    const t = await setup([scaledJob({ pollingInterval: 3600 }, { annotations: { 'tidegate.dev/paused-until': until } })], shared)
    t.source.depth = 1
    await t.clock.advance(8_000)
    expect(t.jobs.asked).toEqual([])
    await t.clock.advance(2_000)
    expect(t.jobs.asked).toHaveLength(1)
  })
})

describe('an edit', () => {
  const edited = { generation: 2 }
  test('immediate: jobs of the spec before it are deleted, running ones too, and new ones come', async () => {
    const t = await setup([scaledJob()])
    t.source.depth = 2
    await t.ring()
    const before = t.jobs.names
    t.tell.applied(scaledJob({}, edited))
    await t.clock.advance(1000)
    expect([...t.jobs.deleted].sort()).toEqual([...before].sort())
    expect(t.jobs.names).toHaveLength(2)
    expect(t.reasons()).toEqual(expect.arrayContaining(['ScaledJobRolloutCleanupStarted', 'ScaledJobRolloutCleanupCompleted']))
  })

  test('gradual: they run to their end', async () => {
    const t = await setup([scaledJob({ rollout: { strategy: 'gradual' } })])
    t.source.depth = 2
    await t.ring()
    t.tell.applied(scaledJob({ rollout: { strategy: 'gradual' } }, edited))
    await t.clock.advance(60_000)
    expect([t.jobs.deleted.length, t.jobs.names.length]).toEqual([0, 2])
  })

  test('jobs that only carry the label are counted and never deleted', async () => {
    const shared = world()
    shared.jobs.become([{ name: 'stranger', createdAt: 0, generation: undefined, isOwned: false, finished: undefined, finishedAt: undefined, isEnding: false, pods: [] }])
    const t = await setup([scaledJob()], shared)
    t.source.depth = 1
    await t.ring()
    expect([t.jobs.asked.length, t.jobs.deleted.length]).toEqual([0, 0])
  })
})

test('history beyond its limits goes, the oldest first', async () => {
  const t = await setup([scaledJob({ successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: 0 })])
  const job = (name: string, finished: 'Complete' | 'Failed', finishedAt: number) => ({ name, createdAt: 0, generation: '1', isOwned: true, finished, finishedAt, isEnding: false, pods: [] })
  t.jobs.become([job('new', 'Complete', 3), job('old', 'Complete', 2), job('failed', 'Failed', 1)])
  await t.clock.advance(30_000)
  expect([...t.jobs.deleted].sort()).toEqual(['failed', 'old'])
})

test('a job that is refused is told, and is asked for anew at the next look; one of which nobody knows, by the same name', async () => {
  const t = await setup([scaledJob()])
  t.source.depth = 1
  t.jobs.failing = { with: new TidegateError('TG_TARGET_START_FAILED', 'exceeded quota'), made: false }
  await t.ring()
  expect(t.events.find(event => event.reason === 'KEDAJobCreateFailed')?.note).toContain('exceeded quota')
  t.jobs.failing = { with: new Error('no answer'), made: false }
  await t.clock.advance(30_000)
  t.jobs.failing = undefined
  await t.clock.advance(30_000)
  const [refused, unknown, again] = t.jobs.asked
  expect(unknown).not.toBe(refused)
  expect(again).toBe(unknown)
})

test('an object that is deleted takes its memory along; who may have jobs is told at the start', async () => {
  const t = await setup([scaledJob()])
  expect(t.jobs.retained).toEqual([['ScaledJob default/renders']])
  t.source.depth = 1
  await t.ring()
  expect(t.state.values.size).toBe(1)
  t.tell.deleted(ref)
  await t.clock.advance(1000)
  expect([t.state.values.size, t.status.statuses.size]).toEqual([0, 0])
})
