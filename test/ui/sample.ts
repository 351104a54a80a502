import type { EpochMs } from '../../src/core/clock.js'
import type { Reading } from '../../src/core/scaling/types.js'
import type { DeliveryStatus, ObjectStatus, ScalingStatus } from '../../src/runtime/ports.js'

/** Two in the afternoon where the test runs, so that times of day read the same in every time zone. */
export const now: EpochMs = new Date(2026, 10, 21, 14, 2, 15).getTime()

const ref = (kind: string, name: string): ObjectStatus['ref'] => ({ apiVersion: 'keda.sh/v1alpha1', kind, namespace: 'default', name })

export const measured = (trigger: string, value: number, target: number): Reading => ({
  kind: 'measured', trigger, at: now - 18_000, measurements: [{ name: trigger, value, target, activation: 0, metricType: 'AverageValue' }],
})

export function scaling (changes: Partial<ScalingStatus> = {}): ScalingStatus {
  return {
    target: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'default', name: 'thumbnailer' },
    current: { spec: 4, status: 4, ready: 3 },
    decision: {
      replicas: 16, reason: 'AtMaximum', active: true,
      steps: [
        { stage: 'propose', from: 4, to: 17, because: 'uploads: 84 at 5 each asks for 17' },
        { stage: 'clamp', from: 17, to: 16, because: '17 asked for, maxReplicaCount is 16' },
      ],
    },
    decidedAt: now - 18_000,
    readings: [measured('uploads', 84, 5)],
    nextLookAt: now + 12_000,
    pollingIntervalMs: 30_000,
    ...changes,
  }
}

export function delivery (changes: Partial<DeliveryStatus> = {}): DeliveryStatus {
  return {
    source: 'natsJetstream events.todo.newitem', guarantee: 'at-least-once', inFlight: 3, slots: 10, delivered: 1204, failed: 2, deadLettered: 1,
    lastFailure: { at: now - 20_000, because: 'HTTP 500 from http://127.0.0.1:41923', eventId: 'EVENTS/1187' },
    lastWake: { at: now - 8_000, eventId: 'EVENTS/3', noticeMs: 2.2, decideMs: 0.8, startMs: 20, readyMs: 95, deliverMs: 13, totalMs: 131 },
    ...changes,
  }
}

export const thumbnails: ObjectStatus = { ref: ref('ScaledObject', 'thumbnails'), conditions: [], scaling: scaling() }

export const audit: ObjectStatus = {
  ref: ref('Trigger', 'audit'),
  conditions: [{ type: 'Ready', status: 'True', reason: 'Ready', message: '' }],
  scaling: scaling({
    current: { spec: 1, status: 1, ready: 1 },
    decision: { replicas: 1, reason: 'SteadyState', active: true, steps: [] },
    readings: [measured('demand', 3, 10)],
    nextLookAt: now + 4_000, pollingIntervalMs: 5_000,
  }),
  delivery: delivery(),
}

export const report: ObjectStatus = {
  ref: ref('Trigger', 'report'),
  conditions: [],
  scaling: scaling({
    current: { spec: 0, status: 0, ready: 0 },
    decision: { replicas: 0, reason: 'Idle', active: false, steps: [{ stage: 'activate', from: 0, to: 0, because: 'no trigger is active' }] },
    readings: [measured('demand', 0, 10)],
    nextLookAt: now + 2_000, pollingIntervalMs: 5_000,
  }),
  delivery: { source: 'cron */5 * * * *', guarantee: 'at-least-once', inFlight: 0, slots: 0, delivered: 7, failed: 0, deadLettered: 0, nextTickAt: now + 165_000 },
}

const unreachable = 'could not read stream "ORDERS" at nats://127.0.0.1:4222: connection refused'

export const orders: ObjectStatus = {
  ref: ref('ScaledObject', 'orders'),
  conditions: [{ type: 'Ready', status: 'False', reason: 'TG_SOURCE_UNREACHABLE', message: unreachable }],
  scaling: scaling({
    current: { spec: 10, status: 10, ready: 10 },
    decision: { replicas: 10, reason: 'SourceFailed', active: true, steps: [{ stage: 'hold', from: 0, to: 10, because: 'orders could not be read; ten replicas stay' }] },
    readings: [{ kind: 'failed', trigger: 'orders', at: now - 1000, code: 'TG_SOURCE_UNREACHABLE', message: unreachable }],
    nextLookAt: now + 14_000, pollingIntervalMs: 30_000,
  }),
}
