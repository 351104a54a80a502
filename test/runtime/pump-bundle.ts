import type { DeliveryPolicy } from '../../src/core/delivery/types.js'
import { TidegateError } from '../../src/core/errors.js'
import type { Guarantees } from '../../src/plugin/connector.js'
import { DeliveryPump, type PumpPlan } from '../../src/runtime/delivery/pump.js'
import type { Endpoint } from '../../src/runtime/ports.js'
import { FakeConnector } from '../fakes/connector.js'
import { ManualClock } from '../fakes/manual-clock.js'
import { FakeFunction, quiet } from '../fakes/ports.js'

export const policy: DeliveryPolicy = {
  retry: { attempts: 3, backoff: 'Constant', initialMs: 1000, maxMs: 60_000, jitter: 'None' },
  retryAfterMaxMs: 600_000, onExhausted: 'DeadLetter', on410: 'Exhaust', success: [[200, 299]],
}

const broker: Guarantees = { delivery: 'at-least-once', redelivery: 'broker', delayedRetry: true, order: 'none' }
const nobody = { inc: () => undefined, set: () => undefined, observe: () => undefined }

export interface BundleOptions { readonly plan?: Partial<PumpPlan>, readonly guarantees?: Partial<Guarantees> }

/** A pump with a source and a function that the test plays. Not started. */
export function bundle ({ plan = {}, guarantees = {} }: BundleOptions = {}) {
  const clock = new ManualClock()
  const connectors: FakeConnector[] = []
  const fn = new FakeFunction()
  const counts = new Map<string, number>()
  const rings: string[] = []
  const gauges = { inFlight: 0, slots: 0 }
  const notes: string[] = []
  let away = false
  let gate: Promise<void> = Promise.resolve()
  const pump = new DeliveryPump({
    ref: { apiVersion: 'tidegate.dev/v1alpha1', kind: 'Trigger', namespace: 'default', name: 'orders' }, type: 'fake',
    guarantees: { ...broker, ...guarantees },
    plan: {
      policy, options: { path: '', method: 'POST', timeoutMs: 1000, envelope: 'CloudEventsBinary', headers: {}, success: policy.success },
      headers: attempt => ({ 'x-event-attempt': String(attempt) }), filter: undefined, perReplica: 2, isManaged: true, maxConcurrent: 100,
      coldStartTimeoutMs: 300_000, drainTimeoutMs: 30_000, breaker: { exhausted: 10, pauseMs: 5_000, maxPauseMs: 300_000 },
      suspended: false, shadow: false, target: 2, activation: 0, deadLetter: { queueName: 'poison' }, ...plan,
    },
    open: async () => {
      await gate
      if (away) throw new TidegateError('TG_SOURCE_UNREACHABLE', 'connection refused')
      const connector = new FakeConnector()
      connectors.push(connector)
      return connector
    },
    endpoint: fn, overloaded: () => false, clock, random: () => 0.5, log: quiet, onStatus: () => undefined, onEnded: () => undefined,
    events: { emit: (_ref, { reason }) => notes.push(reason) },
    metrics: {
      settled: kind => ({ inc: () => counts.set(kind, (counts.get(kind) ?? 0) + 1) }), deadLetters: () => nobody, lost: { inc: () => counts.set('lost', (counts.get('lost') ?? 0) + 1) },
      duration: nobody, inFlight: { set: n => { gauges.inFlight = n } }, slots: { set: n => { gauges.slots = n } }, wakes: nobody, wakePart: () => nobody, circuitOpen: nobody,
    },
  })
  pump.demand.arm(m => rings.push(m === undefined ? 'look' : `${m.value}`))
  return {
    pump, clock, fn, counts, rings, notes, gauges,
    get source (): FakeConnector { return connectors.at(-1) ?? new FakeConnector() },
    connectors,
    get opened () { return connectors.length },
    set sourceAway (value: boolean) { away = value },
    /** Opening waits until the function returned is called. */
    openSlowly (): () => void {
      let go: () => void = () => undefined
      gate = new Promise(resolve => { go = resolve })
      return go
    },
    ready (...ids: string[]) { pump.endpointsChanged({ target: undefined, endpoints: ids.map(endpoint), lastStart: { startedAt: clock.now() - 100, readyAt: clock.now() } }) },
    /** What became of each event, in order: `id kind[afterMs]`. */
    settled: () => (connectors.at(-1)?.settlements ?? []).map(({ id, settlement }) => `${id} ${settlement.kind}${settlement.kind === 'retry' ? settlement.afterMs : ''}`),
  }
}

const endpoint = (id: string): Endpoint => ({ id, url: `http://${id}` })
