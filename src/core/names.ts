/** Every name that would change with the product's name. Renaming is an edit of this file alone. */
export const names = {
  product: 'tidegate',
  /** API group of our own kinds. */
  group: 'tidegate.dev',
  apiVersion: 'tidegate.dev/v1alpha1',
  kedaGroup: 'keda.sh',
  kedaApiVersion: 'keda.sh/v1alpha1',
  annotationPrefix: 'tidegate.dev/',
  /** On a ScaledObject that gives its target back when it is deleted, and on no other. */
  restoreFinalizer: 'tidegate.dev/restore-replicas',
  /** What KEDA puts on everything it works on. */
  kedaFinalizer: 'finalizer.keda.sh',
  metricPrefix: 'tidegate_',
  codePrefix: 'TG_',
  /** First part of the `type` of an event that Tidegate makes: `tidegate.dev.cron.fired.v1` would be one. */
  eventTypePrefix: 'dev.tidegate',
  userAgent: 'tidegate',
} as const

/** The full key of one of our annotations: `annotation('claim')` is `tidegate.dev/claim`. */
export const annotation = (name: string): string => names.annotationPrefix + name
