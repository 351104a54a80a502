import { expect, test } from 'vitest'
import type { Measurement, Reading, ScalePolicy } from '../../src/core/scaling/types.js'
import { decideReplicas } from '../../src/core/scaling/decide.js'
import { ScaleUnit, type UnitPlan } from '../../src/runtime/scaling/scale-unit.js'
import type { Condition, ObjectRef } from '../../src/runtime/ports.js'
import type { OnRing, Voice } from '../../src/runtime/scaling/voice.js'
import { wheel } from '../../src/runtime/wheel.js'
import { ManualClock } from '../fakes/manual-clock.js'
import { FakeTargets, MemoryStore, ownsAll, quiet, RecordedDecisions } from '../fakes/ports.js'

const target: ObjectRef = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name: 'worker' }
const nobody = { inc: () => undefined, set: () => undefined }

/** A source whose depth the test sets. */
class Source implements Voice {
  readonly trigger = 'queue'
  readonly type = 'fake'
  depth: number | 'broken' = 0
  looks = 0
  armed: OnRing | undefined
  constructor (readonly clock: ManualClock) {}

  measurement (value: number): Measurement { return { name: 'queue', value, target: 5, activation: 0, metricType: 'AverageValue' } }
  async look (): Promise<Reading> {
    this.looks++
    const at = this.clock.now()
    return this.depth === 'broken'
      ? { kind: 'failed', trigger: this.trigger, at, code: 'TG_SOURCE_UNREACHABLE', message: 'connection refused' }
      : { kind: 'measured', trigger: this.trigger, at, measurements: [this.measurement(this.depth)] }
  }

  arm (onRing: OnRing): void { this.armed = onRing }
  disarm (): void { this.armed = undefined }
  async close (): Promise<void> { this.disarm() }
}

function setup (options: { readonly policy?: Partial<ScalePolicy>, readonly store?: MemoryStore, readonly clock?: ManualClock, readonly targets?: FakeTargets, readonly owns?: () => boolean } = {}) {
  const clock = options.clock ?? new ManualClock()
  const targets = options.targets ?? new FakeTargets()
  const store = options.store ?? new MemoryStore()
  const decisions = new RecordedDecisions()
  const source = new Source(clock)
  const conditions: Condition[][] = []
  const none = { stabilizationWindowMs: 0, selectPolicy: 'Max', policies: [], tolerance: 0.1 } as const
  const plan = (policy: Partial<ScalePolicy>): UnitPlan => ({
    policy: {
      minReplicas: 0, maxReplicas: 20, cooldownMs: 60_000, initialCooldownMs: 0, createdAt: clock.now() - 3_600_000, scaleUp: none, scaleDown: none,
      pausedScaleIn: false, pausedScaleOut: false, forceActivation: false, triggers: ['queue'], ...policy,
    },
    by: [], voices: [source], pollingIntervalMs: 30_000, cachedMetrics: false, restoreOriginal: false, busy: () => undefined,
    onStatus: told => conditions.push([...told]),
  })
  if (options.targets === undefined) targets.become(target, 0)
  const unit = new ScaleUnit({
    target, scaleTarget: targets, state: store, ownership: options.owns === undefined ? ownsAll : { ...ownsAll, owns: options.owns }, wheel: wheel(clock), clock, log: quiet, events: { emit: () => undefined },
    decisions, nextSequence: () => decisions.records.length + 1,
    metrics: { desired: nobody, spec: nobody, ready: nobody, writes: { ok: nobody, failed: nobody }, decided: () => nobody },
  }, plan(options.policy ?? {}))
  return { clock, targets, store, decisions, source, unit, conditions, edit: (policy: Partial<ScalePolicy>) => unit.update(plan(policy)), update: (more: Partial<UnitPlan>) => unit.update({ ...plan(options.policy ?? {}), ...more }), get replicas () { return targets.replicas(target) } }
}

test('from zero straight to what is needed, in one write, and back to zero after the cooldown', async () => {
  const t = setup()
  t.unit.start()
  await t.clock.advance(1000)
  t.source.depth = 42
  await t.clock.advance(30_000)
  expect(t.targets.sets).toEqual([{ target: 'Deployment default/worker', replicas: 9 }])
  t.source.depth = 0
  await t.clock.advance(45_000)
  expect(t.replicas).toBe(1)
  await t.clock.advance(16_000)
  expect(t.replicas).toBe(0)
})

test('a ring right after a look is acted on at once', async () => {
  const t = setup()
  t.unit.start()
  await t.clock.advance(10)
  t.source.armed?.(t.source.measurement(1))
  await t.clock.advance(0)
  expect(t.replicas).toBe(1)
})

test('a ring is acted on at once, and then at most every 250 ms', async () => {
  const t = setup()
  t.unit.start()
  await t.clock.advance(1000)
  const before = t.decisions.records.length
  t.source.armed?.(t.source.measurement(5))
  await t.clock.advance(0)
  expect(t.replicas).toBe(1)
  for (let depth = 10; depth <= 50; depth += 10) t.source.armed?.(t.source.measurement(depth))
  await t.clock.advance(249)
  expect(t.replicas).toBe(1)
  await t.clock.advance(1)
  expect(t.replicas).toBe(10)
  expect(t.decisions.records.length - before).toBeLessThanOrEqual(3)
})

test('the doorbell is armed below the maximum only', async () => {
  const t = setup({ policy: { maxReplicas: 2 } })
  t.unit.start()
  await t.clock.advance(1000)
  expect(t.source.armed).toBeDefined()
  t.source.armed?.(t.source.measurement(100))
  await t.clock.advance(300)
  expect(t.replicas).toBe(2)
  expect(t.source.armed).toBeUndefined()
})

test('while there are replicas a source is looked at every 15 s, whatever its polling interval', async () => {
  const t = setup({ policy: { minReplicas: 1 } })
  t.targets.become(target, 1)
  t.unit.start()
  await t.clock.advance(1000)
  const looks = t.source.looks
  await t.clock.advance(60_000)
  expect(t.source.looks - looks).toBeGreaterThanOrEqual(4)
})

test('a source that cannot be read lowers nothing, and the reason says why', async () => {
  const t = setup()
  t.source.depth = 50
  t.unit.start()
  await t.clock.advance(1000)
  expect(t.replicas).toBe(10)
  t.source.depth = 'broken'
  await t.clock.advance(3_600_000)
  expect(t.replicas).toBe(10)
  expect(t.decisions.records.at(-1)?.decision.reason).toBe('SourceFailed')
  expect(t.conditions.at(-1)?.find(c => c.type === 'Ready')?.message).toContain('connection refused')
})

test('an edit of the bounds acts at once', async () => {
  const t = setup()
  t.source.depth = 50
  t.unit.start()
  await t.clock.advance(1000)
  t.edit({ maxReplicas: 3 })
  await t.clock.advance(300)
  expect(t.replicas).toBe(3)
})

test('a restart remembers: the next unit lowers nothing that this one would have kept', async () => {
  const first = setup({ policy: { scaleDown: { stabilizationWindowMs: 300_000, selectPolicy: 'Max', policies: [], tolerance: 0.1 } } })
  first.source.depth = 50
  first.unit.start()
  await first.clock.advance(1000)
  await first.unit.stop()
  for (const store of [first.store, new MemoryStore()]) { // remembered, and lost
    const clock = new ManualClock(first.clock.now())
    const targets = new FakeTargets()
    targets.become(target, 10)
    const next = setup({ store, clock, targets, policy: { scaleDown: { stabilizationWindowMs: 300_000, selectPolicy: 'Max', policies: [], tolerance: 0.1 } } })
    next.source.depth = 5
    next.unit.start()
    await next.clock.advance(200_000)
    expect(next.replicas).toBe(10)
    await next.clock.advance(400_000)
    expect(next.replicas).toBe(1)
    await next.unit.stop()
  }
})

/** A unit that is killed, and whoever comes next: it finds what the first one left in the store, and the count. */
async function killed (first: ReturnType<typeof setup>, policy: Partial<ScalePolicy>, { store = first.store, afterMs = 0 } = {}) {
  const copy = new MemoryStore()
  for (const [key, value] of store.values) copy.values.set(key, value)
  const clock = new ManualClock(first.clock.now() + afterMs)
  const targets = new FakeTargets()
  targets.become(target, first.replicas ?? 0)
  await first.unit.stop()
  return setup({ store: copy, clock, targets, policy })
}

test.each([
  ['remembered', {}],
  ['remembered a while ago', { afterMs: 600_000 }],
  ['lost', { store: new MemoryStore() }],
])('without a window the cooldown is kept through a kill: memory %s', async (_, how) => {
  const policy = { cooldownMs: 60_000 }
  const first = setup({ policy })
  first.source.depth = 5
  first.unit.start()
  await first.clock.advance(1000)
  first.source.depth = 50
  await first.clock.advance(75_000)
  expect(first.replicas).toBe(10)
  const next = await killed(first, policy, how)
  next.source.depth = 0
  next.unit.start()
  await next.clock.advance(59_000)
  expect(next.replicas).toBeGreaterThan(0)
  await next.clock.advance(62_000)
  expect(next.replicas).toBe(0)
})

test('activity that began after the last write of a memory is known to whoever comes next', async () => {
  const policy = { cooldownMs: 120_000 }
  const first = setup({ policy })
  first.source.depth = 5
  first.unit.start()
  await first.clock.advance(1000)
  first.source.depth = 0
  await first.clock.advance(100_000)
  first.source.depth = 5
  await first.clock.advance(15_000)
  const next = await killed(first, policy)
  next.source.depth = 0
  next.unit.start()
  await next.clock.advance(115_000)
  expect(next.replicas).toBe(1)
})

test('a window of nothing does not make a memory be written every second', async () => {
  const t = setup()
  t.source.depth = 5
  t.unit.start()
  await t.clock.advance(1000)
  let writes = 0
  const write = t.store.compareAndSet.bind(t.store)
  t.store.compareAndSet = (...args) => { writes++; return write(...args) }
  for (let i = 0; i < 60; i++) {
    t.source.armed?.(t.source.measurement(5))
    await t.clock.advance(1000)
  }
  expect(writes).toBeLessThanOrEqual(3)
})

test('a write that fails is tried again soon, and nothing is thought done', async () => {
  const t = setup()
  t.targets.failWith = new Error('503')
  t.source.depth = 5
  t.unit.start()
  await t.clock.advance(1000)
  expect(t.replicas).toBe(0)
  t.targets.failWith = undefined
  await t.clock.advance(5_000)
  expect(t.replicas).toBe(1)
})

test('every record replays to the same decision', async () => {
  const t = setup()
  t.unit.start()
  for (const depth of [0, 12, 80, 3, 'broken', 0, 0, 7] as const) {
    t.source.depth = depth
    await t.clock.advance(45_000)
  }
  expect(t.decisions.records.length).toBeGreaterThan(10)
  for (const record of t.decisions.records) {
    const { at: now, policy, current, readings, memoryBefore: memory } = record
    expect(decideReplicas({ now, policy, current, readings, memory })).toEqual(record.decision)
  }
})

test('an old source has no word in the new one of its name', async () => {
  const t = setup()
  t.source.depth = 90
  t.unit.start()
  await t.clock.advance(1000)
  expect(t.replicas).toBe(18)
  const slow = new Source(t.clock)
  slow.look = () => new Promise(() => undefined)
  t.targets.become(target, 1)
  t.update({ voices: [slow] })
  await t.clock.advance(5_000)
  expect(t.replicas).toBe(1)
})

test('an update that changes nothing looks at nothing', async () => {
  const t = setup()
  t.unit.start()
  await t.clock.advance(1000)
  const { looks } = t.source
  for (let i = 0; i < 5; i++) t.update({})
  await t.clock.advance(1000)
  expect(t.source.looks).toBe(looks)
})

test('memory that is too old to protect anything seeds a window from the count that is there', async () => {
  const policy = { cooldownMs: 20_000, scaleDown: { stabilizationWindowMs: 300_000, selectPolicy: 'Max', policies: [], tolerance: 0.1 } } as const
  const first = setup({ policy })
  first.source.depth = 20
  first.unit.start()
  await first.clock.advance(30_000)
  await first.unit.stop()
  const clock = new ManualClock(first.clock.now() + 3_600_000)
  const targets = new FakeTargets()
  targets.become(target, 12)
  const next = setup({ store: first.store, clock, targets, policy })
  next.unit.start()
  await next.clock.advance(290_000)
  expect(next.replicas).toBe(12)
  await next.clock.advance(60_000)
  expect(next.replicas).toBe(0)
})

test('who retires gives back the original count where that was asked for, and is forgotten', async () => {
  const t = setup()
  t.targets.become(target, 2)
  t.source.depth = 50
  t.unit.start()
  await t.clock.advance(1000)
  t.update({ restoreOriginal: true })
  expect(t.replicas).toBe(10)
  await t.unit.retire()
  expect(t.replicas).toBe(2)
  expect(t.store.values.size).toBe(0)
})

test('nothing is looked at and nothing written while another owns the target', async () => {
  let ours = false
  const t = setup({ owns: () => ours })
  t.source.depth = 50
  t.unit.start()
  await t.clock.advance(120_000)
  expect([t.source.looks, t.replicas]).toEqual([0, 0])
  ours = true
  t.unit.ownershipChanged()
  await t.clock.advance(1000)
  expect(t.replicas).toBe(10)
})

test('work that began while a lower count was being written is not stopped', async () => {
  const t = setup()
  const busy = new Set<string>()
  t.source.depth = 5
  t.unit.start()
  t.update({ busy: () => busy })
  await t.clock.advance(1000)
  expect(t.replicas).toBe(1)
  t.source.depth = 0
  await t.clock.advance(45_000)
  const write = t.store.compareAndSet.bind(t.store)
  let wasLowered = false
  t.store.compareAndSet = async (key, version, value) => { // an event comes in just when the memory of a count of zero is written
    if (value.includes('"lastSet":0')) { busy.add('replica'); wasLowered = true }
    return write(key, version, value)
  }
  await t.clock.advance(120_000)
  expect([t.replicas, wasLowered]).toEqual([1, true])
  busy.clear()
  t.store.compareAndSet = write
  await t.clock.advance(30_000)
  expect(t.replicas).toBe(0)
})

test('the replicas that work when a lower count is set are the ones to go last, not those of the decision', async () => {
  const t = setup()
  let busy = new Set(['one'])
  t.source.depth = 20
  t.unit.start()
  t.update({ busy: () => busy })
  await t.clock.advance(1000)
  expect(t.replicas).toBe(4)
  const write = t.store.compareAndSet.bind(t.store)
  t.store.compareAndSet = async (key, version, value) => { // one event ends and another begins just when the memory is written
    if (value.includes('"lastSet":1')) busy = new Set(['two'])
    return write(key, version, value)
  }
  const spared: string[][] = []
  const set = t.targets.set.bind(t.targets)
  t.targets.set = (to, replicas, last = new Set()) => { spared.push([...last]); return set(to, replicas) }
  t.source.depth = 5
  await t.clock.advance(30_000)
  expect([t.replicas, spared]).toEqual([1, [['two']]])
})

test('a count that somebody else set while the memory was written is not written over: it is decided on', async () => {
  const t = setup()
  t.source.depth = 5
  t.unit.start()
  await t.clock.advance(1000)
  expect(t.replicas).toBe(1)
  const write = t.store.compareAndSet.bind(t.store)
  t.store.compareAndSet = async (key, version, value) => {
    if (value.includes('"lastSet":4')) { t.targets.become(target, 9); t.store.compareAndSet = write }
    return write(key, version, value)
  }
  t.source.depth = 20
  await t.clock.advance(31_000)
  expect(t.decisions.records.find(r => r.current.spec === 9)?.decision.steps[0]).toMatchObject({ because: 'found 9 replicas where 1 was set last' })
  expect(t.replicas).toBe(4)
})

test('a target that was never woken leaves nothing to remember; one that is woken does', async () => {
  const t = setup()
  t.unit.start()
  await t.clock.advance(300_000)
  expect(await t.store.get('memory/Deployment default/worker')).toBeUndefined()
  t.source.depth = 5
  await t.clock.advance(30_000)
  expect(await t.store.get('memory/Deployment default/worker')).toBeDefined()
  const stopped = setup()
  stopped.unit.start()
  await stopped.clock.advance(1000)
  await stopped.unit.stop()
  expect(await stopped.store.get('memory/Deployment default/worker')).toBeUndefined()
})

/** What was written, in its order: `memory`, or the count. */
function written (t: ReturnType<typeof setup>): (string | number)[] {
  const order: (string | number)[] = []
  const remember = t.store.compareAndSet.bind(t.store)
  t.store.compareAndSet = async (...args) => { order.push('memory'); return remember(...args) }
  const set = t.targets.set.bind(t.targets)
  t.targets.set = async (...args) => { order.push(args[1]); return set(...args) }
  return order
}

test('a rise goes before its memory where a seed would say the same, and after it while a stored one still protects', async () => {
  const t = setup()
  const order = written(t)
  t.source.depth = 5
  t.unit.start()
  await t.clock.advance(1000)
  expect(order).toEqual([1, 'memory'])
  t.source.depth = 50
  await t.clock.advance(15_000)
  expect(order).toEqual([1, 'memory', 'memory', 10])
  t.source.depth = 0
  await t.clock.advance(300_000)
  expect(t.replicas).toBe(0)
  await t.clock.advance(600_000)
  order.length = 0
  t.source.depth = 5
  await t.clock.advance(30_000)
  expect(order.slice(0, 2)).toEqual([1, 'memory'])
})

test('a rise that rates bind, or whose original count is asked for, does not go before its memory', async () => {
  const scaleUp = { stabilizationWindowMs: 0, selectPolicy: 'Max', policies: [{ type: 'Pods', value: 4, periodMs: 60_000 }], tolerance: 0.1 } as const
  const bound = setup({ policy: { scaleUp } })
  const restoring = setup()
  restoring.update({ restoreOriginal: true })
  for (const t of [bound, restoring]) {
    const order = written(t)
    t.source.depth = 5
    t.unit.start()
    await t.clock.advance(1000)
    expect(order.slice(0, 2)).toEqual(['memory', 1])
  }
})

test('a crash between a rise and its memory lowers nothing for a window', async () => {
  const policy = { scaleDown: { stabilizationWindowMs: 300_000, selectPolicy: 'Max', policies: [], tolerance: 0.1 } } as const
  let isThere = true
  const first = setup({ policy, owns: () => isThere })
  first.store.compareAndSet = async () => { throw new Error('gone') }
  first.source.depth = 50
  first.unit.start()
  await first.clock.advance(100)
  expect(first.replicas).toBe(10)
  isThere = false
  const next = setup({ policy, targets: first.targets, store: new MemoryStore(), clock: first.clock })
  next.unit.start()
  await next.clock.advance(290_000)
  expect(next.replicas).toBe(10)
  await next.clock.advance(60_000)
  expect(next.replicas).toBe(0)
})

test('units whose sources share a question look at the same instants', async () => {
  const clock = new ManualClock()
  const [early, late] = [setup({ clock }), setup({ clock })]
  const looks: number[][] = [[], []]
  for (const [i, { source }] of [early, late].entries()) {
    const look = source.look.bind(source)
    Object.assign(source, { question: 'http://nats:8222/jsz', look: () => { looks[i]?.push(clock.now()); return look() } })
  }
  early.unit.start()
  await clock.advance(7_000)
  late.unit.start()
  await clock.advance(120_000)
  expect(looks[1]?.slice(1)).toEqual(looks[0]?.slice(-(looks[1]?.length ?? 0) + 1))
  expect(looks[1]?.length).toBeGreaterThan(3)
})
