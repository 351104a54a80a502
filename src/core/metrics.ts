/** One metric: its kind, its help line and its labels. Units are base units; `_total` is on counters only. */
export interface MetricDeclaration {
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  readonly labels: readonly string[]
  /** Upper bounds of a histogram, seconds. */
  readonly buckets?: readonly number[]
}

const seconds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const
const trigger = ['namespace', 'trigger', 'type'] as const
const scaleTrigger = ['namespace', 'scaled_object', 'trigger', 'type'] as const

/** The metrics catalogue, without the prefix. Names and labels are an interface: dashboards and alerts read them. */
export const metricCatalogue = {
  scaler_reads_total: { type: 'counter', help: 'Looks at a source, by outcome: measured, absent, failed.', labels: [...scaleTrigger, 'outcome'] },
  scaler_read_duration_seconds: { type: 'histogram', help: 'Time a look at a source took.', labels: ['type'], buckets: seconds },
  scale_trigger_value: { type: 'gauge', help: 'Value of the last look at a scale trigger.', labels: scaleTrigger },
  scaled_object_desired_replicas: { type: 'gauge', help: 'Replicas of the last decision.', labels: ['namespace', 'scaled_object'] },
  scaled_object_replicas: { type: 'gauge', help: 'Replicas of the target as last seen, by state: spec, ready.', labels: ['namespace', 'scaled_object', 'state'] },
  scale_decisions_total: { type: 'counter', help: 'Decisions, by reason.', labels: ['namespace', 'scaled_object', 'reason'] },
  scale_writes_total: { type: 'counter', help: 'Writes of a replica count, by outcome: ok, failed.', labels: ['namespace', 'scaled_object', 'outcome'] },
  scaled_job_jobs: { type: 'gauge', help: 'Unfinished jobs of a ScaledJob as last seen, by state: running (all of them), pending.', labels: ['namespace', 'scaled_job', 'state'] },
  jobs_created_total: { type: 'counter', help: 'Jobs asked for, by outcome: ok, failed.', labels: ['namespace', 'scaled_job', 'outcome'] },
  shadow_replicas: { type: 'gauge', help: 'With --shadow: replicas that are there (by it), and that we would have set (by we).', labels: ['namespace', 'scaled_object', 'by'] },
  shadow_replica_seconds: { type: 'gauge', help: 'With --shadow: replica-seconds since the start, as they were used (by it) and as we would have used them (by we).', labels: ['namespace', 'scaled_object', 'by'] },
  scale_loop_lag_seconds: { type: 'histogram', help: 'How late a scale unit was looked at.', labels: [], buckets: seconds },
  deliveries_total: { type: 'counter', help: 'Settled deliveries, by disposition: ack, filtered, retry, deadLetter, drop, hold, suspend, release.', labels: [...trigger, 'disposition'] },
  delivery_duration_seconds: { type: 'histogram', help: 'Time one call of the function took.', labels: trigger, buckets: seconds },
  deliveries_in_flight: { type: 'gauge', help: 'Events handed to the function and not answered.', labels: trigger },
  delivery_slots: { type: 'gauge', help: 'Events the function can take at once now.', labels: trigger },
  dead_letters_total: { type: 'counter', help: 'Events stored as dead letters, by reason.', labels: [...trigger, 'reason'] },
  events_lost_total: { type: 'counter', help: 'Events given up without a dead letter because the source or the user leaves no other way. Should stay 0.', labels: trigger },
  wakes_total: { type: 'counter', help: 'Functions started from zero for an event.', labels: trigger },
  wake_duration_seconds: { type: 'histogram', help: 'From the event seen to its answer, for events that woke a function, by part: notice, decide, start, ready, deliver, total.', labels: [...trigger, 'part'], buckets: seconds },
  circuit_open: { type: 'gauge', help: '1 while the circuit of a Trigger is open.', labels: trigger },
  event_loop_lateness_seconds: { type: 'gauge', help: 'Lateness of the event loop, last sample.', labels: [] },
  leader: { type: 'gauge', help: '1 while this operator holds the lease, and so is the one that works; none with --shadow.', labels: [] },
  watched_objects: { type: 'gauge', help: 'Objects known from watching the API server, by resource.', labels: ['resource'] },
  watch_restarts_total: { type: 'counter', help: 'Watches of the API server that broke and were taken up again, by resource. A watch that the server ends in its own time is none.', labels: ['resource'] },
  api_requests_total: { type: 'counter', help: 'Requests to the API server, by verb (watch: one that began) and HTTP status; none: no answer.', labels: ['verb', 'code'] },
  api_request_duration_seconds: { type: 'histogram', help: 'Time a request to the API server took, watches left out.', labels: ['verb'], buckets: seconds },
  api_requests_waiting: { type: 'gauge', help: 'Requests to the API server that wait for their turn, by urgency: wake, read, memory, down, status, event. A lease never waits.', labels: ['urgency'] },
  webhook_reviews_total: { type: 'counter', help: 'Objects that the admission webhook was asked about, by outcome: allowed, denied, skipped (nothing of it is ours to check).', labels: ['kind', 'outcome'] },
  resources: { type: 'gauge', help: 'Resources known, by kind and by state: at-work, refused (the last edit cannot be used).', labels: ['kind', 'state'] },
} as const satisfies Record<string, MetricDeclaration>

export type MetricName = keyof typeof metricCatalogue
export type LabelsOf<N extends MetricName> = Readonly<Record<(typeof metricCatalogue)[N]['labels'][number], string>>
