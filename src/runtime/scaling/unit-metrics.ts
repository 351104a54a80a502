import type { Decision } from '../../core/scaling/types.js'
import type { LabelsOf } from '../../core/metrics.js'
import type { Telemetry } from '../ports.js'
import type { ScaleUnitParts } from './scale-unit.js'

/** The series of one target. */
export const unitMetrics = (telemetry: Telemetry, labels: LabelsOf<'scaled_object_desired_replicas'>): ScaleUnitParts['metrics'] => ({
  desired: telemetry.gauge('scaled_object_desired_replicas', labels),
  spec: telemetry.gauge('scaled_object_replicas', { ...labels, state: 'spec' }),
  ready: telemetry.gauge('scaled_object_replicas', { ...labels, state: 'ready' }),
  writes: { ok: telemetry.counter('scale_writes_total', { ...labels, outcome: 'ok' }), failed: telemetry.counter('scale_writes_total', { ...labels, outcome: 'failed' }) },
  compared: ({ it, we, itReplicaSeconds, weReplicaSeconds }) => {
    for (const [by, replicas, seconds] of [['it', it, itReplicaSeconds], ['we', we, weReplicaSeconds]] as const) {
      telemetry.gauge('shadow_replicas', { ...labels, by }).set(replicas)
      telemetry.gauge('shadow_replica_seconds', { ...labels, by }).set(seconds)
    }
  },
  decided: (reason: Decision['reason']) => telemetry.counter('scale_decisions_total', { ...labels, reason }),
})
