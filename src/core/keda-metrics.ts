import type { MetricDeclaration } from './metrics.js'

const ofTrigger = ['namespace', 'metric', 'scaledObject', 'scaler', 'triggerIndex', 'type'] as const

/**
 * KEDA's own metrics (keda.md f.1), as far as they mean something here: names and labels are KEDA's, so that its dashboards go on working. Without
 * the prefix. Nothing is counted twice for them: they are read off what is known when they are asked for.
 */
export const kedaMetricCatalogue = {
  build_info: { type: 'gauge', help: 'Always 1; the version of Tidegate, which speaks KEDA\'s names here.', labels: ['version'] },
  scaler_metrics_value: { type: 'gauge', help: 'Value of the last look at a trigger.', labels: ofTrigger },
  scaler_active: { type: 'gauge', help: '1 while the last look at a trigger found it active.', labels: ofTrigger },
  scaler_detail_errors_total: { type: 'counter', help: 'Looks at a trigger that failed.', labels: ofTrigger },
  scaled_object_errors_total: { type: 'counter', help: 'Looks at the triggers of a ScaledObject that failed.', labels: ['namespace', 'scaledObject'] },
  scaled_job_errors_total: { type: 'counter', help: 'Looks at the triggers of a ScaledJob that failed.', labels: ['namespace', 'scaledJob'] },
  scaled_object_paused: { type: 'gauge', help: '1 while a ScaledObject is paused.', labels: ['namespace', 'scaledObject'] },
  trigger_registered_total: { type: 'gauge', help: 'Triggers of all ScaledObjects and ScaledJobs, by type.', labels: ['type'] },
  resource_registered_total: { type: 'gauge', help: 'Objects by kind: scaled_object, scaled_job, trigger_authentication, cluster_trigger_authentication.', labels: ['type', 'namespace'] },
} as const satisfies Record<string, MetricDeclaration>

export type KedaMetricName = keyof typeof kedaMetricCatalogue

export const kedaMetricPrefix = 'keda_'
