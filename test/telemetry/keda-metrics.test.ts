import { expect, test } from 'vitest'
import { metricCatalogue } from '../../src/core/metrics.js'
import type { ObjectStatus } from '../../src/runtime/ports.js'
import { kedaMetrics, type RegisteredObject } from '../../src/telemetry/keda-metrics.js'
import { metrics } from '../../src/telemetry/metrics.js'

const measurement = { target: 5, activation: 0, metricType: 'AverageValue' } as const
const scaling = (readings: NonNullable<ObjectStatus['scaling']>['readings']): NonNullable<ObjectStatus['scaling']> => ({
  target: { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'web' }, current: { spec: 1, status: 1, ready: 1 },
  decision: { replicas: 1, reason: 'at-max', steps: [], active: true } as unknown as NonNullable<ObjectStatus['scaling']>['decision'], decidedAt: 0, readings, nextLookAt: 0, pollingIntervalMs: 30_000,
})
const objects: readonly RegisteredObject[] = [
  { kind: 'ScaledObject', namespace: 'shop', name: 'web', triggers: [{ type: 'nats-jetstream', name: '' }, { type: 'azure-queue', name: 'uploads' }] },
  { kind: 'ScaledJob', namespace: 'shop', name: 'batch', triggers: [{ type: 'cron', name: '' }] },
  { kind: 'ClusterTriggerAuthentication', namespace: '', name: 'all', triggers: [] },
  { kind: 'Trigger', namespace: 'shop', name: 'audit', triggers: [] },
]
const statuses: readonly ObjectStatus[] = [{
  ref: { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', namespace: 'shop', name: 'web' },
  conditions: [{ type: 'Paused', status: 'True', reason: 'r', message: '' }],
  scaling: scaling([
    { kind: 'measured', trigger: 's0', at: 0, measurements: [{ name: 'nats-jetstream-ORDERS', value: 12, ...measurement }] },
    { kind: 'measured', trigger: 'uploads', at: 0, measurements: [{ name: 'azure-queue-uploads', value: 0, ...measurement }] },
  ]),
}]

test('an object is shown under KEDA\'s names, with KEDA\'s labels', async () => {
  const m = metrics(metricCatalogue, kedaMetrics({ version: '1.2.3', statuses: () => statuses, objects: () => objects }))
  m.counter('scaler_reads_total', { namespace: 'shop', scaled_object: 'web', trigger: 'uploads', type: 'azure-queue', outcome: 'failed' }).inc(3)
  m.counter('scaler_reads_total', { namespace: 'shop', scaled_object: 'web', trigger: 's0', type: 'nats-jetstream', outcome: 'measured' }).inc(9)
  m.counter('scaler_reads_total', { namespace: 'shop', scaled_object: 'batch', trigger: 's0', type: 'cron', outcome: 'failed' }).inc(2)
  const jetstream = '{namespace="shop",metric="s0-nats-jetstream-ORDERS",scaledObject="web",scaler="natsJetStreamScaler",triggerIndex="0",type="scaledobject"}'
  const uploads = '{namespace="shop",metric="s1-azure-queue-uploads",scaledObject="web",scaler="uploads",triggerIndex="1",type="scaledobject"}'
  expect((await m.text()).split('\n').filter(line => line.startsWith('keda_'))).toEqual([
    'keda_build_info{version="1.2.3"} 1',
    `keda_scaler_metrics_value${jetstream} 12`, `keda_scaler_metrics_value${uploads} 0`,
    `keda_scaler_active${jetstream} 1`, `keda_scaler_active${uploads} 0`,
    `keda_scaler_detail_errors_total${jetstream} 0`, `keda_scaler_detail_errors_total${uploads} 3`,
    'keda_scaled_object_errors_total{namespace="shop",scaledObject="web"} 3',
    'keda_scaled_job_errors_total{namespace="shop",scaledJob="batch"} 2',
    'keda_scaled_object_paused{namespace="shop",scaledObject="web"} 1',
    'keda_trigger_registered_total{type="nats-jetstream"} 1', 'keda_trigger_registered_total{type="azure-queue"} 1', 'keda_trigger_registered_total{type="cron"} 1',
    'keda_resource_registered_total{type="scaled_object",namespace="shop"} 1', 'keda_resource_registered_total{type="scaled_job",namespace="shop"} 1',
    'keda_resource_registered_total{type="cluster_trigger_authentication",namespace="default"} 1',
  ])
  expect((await m.text()).match(/^keda_build_info/gm)).toHaveLength(1)
})

test('nothing of it is there unless it is asked for', async () => {
  expect(await metrics(metricCatalogue).text()).not.toContain('keda_')
})
