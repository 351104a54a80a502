import { describe, expect, test } from 'vitest'
import {
  breakerPolicyOf, deliveryPolicyOf, generationOf, notRunnable, readResource, rolloutOf, readWorkload, scalePolicyOf, triggerScalePolicyOf,
  type Resource, type ScaledObject, type Trigger,
} from '../../src/api/index.js'
import { formatProblem, type Origin } from '../../src/spec/index.js'

const origin: Origin = { kind: 'cluster', cluster: 'test' }

const scaledObject = (spec: object = {}, annotations: Record<string, string> = {}, apiVersion = 'keda.sh/v1alpha1'): object => ({
  apiVersion, kind: 'ScaledObject', metadata: { name: 'thumbnails', annotations },
  spec: { scaleTargetRef: { name: 'thumbnailer' }, triggers: [{ type: 'cron', metadata: { start: '0 8 * * *' } }], ...spec },
})
const trigger = (spec: object = {}): object =>
  ({ apiVersion: 'tidegate.dev/v1alpha1', kind: 'Trigger', metadata: { name: 'audit' }, spec: { source: { nats: { subject: 'a' } }, function: { name: 'f' }, ...spec } })

function read<K extends Resource['kind']> (raw: object): Extract<Resource, { kind: K }> {
  const parsed = readResource(raw, origin)
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'))
  return parsed.value as Extract<Resource, { kind: K }>
}
const problems = (raw: unknown): string[] => readResource(raw, origin).problems.map(formatProblem)
const policy = (spec: object, annotations: Record<string, string> = {}) => scalePolicyOf(read<'ScaledObject'>(scaledObject(spec, annotations)), 7)

describe('ScaledObject', () => {
  test('has KEDA\'s defaults, in milliseconds', () => {
    const { metadata, spec }: ScaledObject = read(scaledObject())
    expect(metadata.namespace).toBe('default')
    expect(spec).toMatchObject({
      scaleTargetRef: { name: 'thumbnailer', apiVersion: 'apps/v1', kind: 'Deployment' }, pollingIntervalMs: 30_000, cooldownPeriodMs: 300_000,
      initialCooldownPeriodMs: 0, minReplicaCount: 0, maxReplicaCount: 100, triggers: [{ metricType: 'AverageValue', useCachedMetrics: false }],
    })
  })
  test('is read from both groups', () => expect(read(scaledObject({}, {}, 'tidegate.dev/v1alpha1')).apiVersion).toBe('tidegate.dev/v1alpha1'))
  test.each([
    ['idle without a minimum', { idleReplicaCount: 0 }, 'IdleReplicaCount=0 must be less than MinReplicaCount=0'],
    ['idle as high as the minimum', { idleReplicaCount: 2, minReplicaCount: 2 }, 'IdleReplicaCount=2 must be less than MinReplicaCount=2'],
    ['a minimum over the maximum', { minReplicaCount: 5, maxReplicaCount: 4 }, 'MinReplicaCount=5 must be less than MaxReplicaCount=4'],
    ['no trigger', { triggers: [] }, 'needs at least 1 entry'],
    ['two triggers of one name', { triggers: [{ type: 'a', name: 'x', metadata: {} }, { type: 'b', name: 'x', metadata: {} }] }, '"x" is the name of triggers[0] too'],
    ['cached metrics of cron', { triggers: [{ type: 'cron', useCachedMetrics: true, metadata: {} }] }, 'is not supported for the "cron" scaler'],
    ['a Utilization trigger', { triggers: [{ type: 'cron', metricType: 'Utilization', metadata: {} }] }, 'Utilization is only for the cpu and memory scalers'],
    ['fallback to a formula that is not there', { fallback: { failureThreshold: 1, replicas: 1, behavior: 'scalingModifiers' } }, 'requires scalingModifiers.formula'],
    ['a window of more than an hour', { advanced: { horizontalPodAutoscalerConfig: { behavior: { scaleDown: { stabilizationWindowSeconds: 3601 } } } } }, 'at most 3600'],
  ])('refuses %s', (_what, spec, message) => expect(problems(scaledObject(spec)).join()).toContain(message))
  test.each(['cpu', 'memory'])('takes Utilization of %s, whose scaler is told not to be built', type => {
    expect(problems(scaledObject({ triggers: [{ type, metricType: 'Utilization', metadata: { value: '60' } }] }))).toEqual([])
  })
  test('takes idle 0 below a written minimum of 0, as KEDA does', () => expect(policy({ minReplicaCount: 0, idleReplicaCount: 0 }).idleReplicas).toBe(0))
  const modified = (scalingModifiers: object, more: object = {}) => ({ advanced: { scalingModifiers }, triggers: [{ type: 'cron', name: 'a', metadata: {} }, { type: 'cron', name: 'b', metadata: {} }, { type: 'cpu', metadata: {} }], ...more })
  test.each([
    ['a formula of names that are not there', { formula: 'a + c', target: '2' }, 'spec.advanced.scalingModifiers.formula: nothing is named c (at sign 5); the triggers are named a, b'],
    ['a formula that cannot be read', { formula: 'a +', target: '2' }, 'the formula ends too early (at sign 4)'],
    ['a formula without a target', { formula: 'a + b' }, 'spec.advanced.scalingModifiers.target: is needed beside formula; or write tidegate.dev/unit: replicas'],
    ['a target of nothing', { formula: 'a + b', target: '0' }, 'must be a number greater than 0'],
    ['an activation that is no number', { formula: 'a + b', target: '2', activationTarget: 'x' }, 'activationTarget: must be a number'],
    ['a target without a formula', { target: '2' }, 'formula: is needed beside target'],
  ])('refuses %s', (_what, scalingModifiers, message) => expect(problems(scaledObject(modified(scalingModifiers))).join()).toContain(message))
  test('takes a formula over the names of its triggers', () => {
    expect(policy(modified({ formula: 'a + b', target: '2.5', activationTarget: '1', metricType: 'Value' })).formula)
      .toEqual({ expression: 'a + b', triggers: ['a', 'b'], target: 2.5, activation: 1, metricType: 'Value' })
    const ofReplicas = scaledObject(modified({ formula: 'a + b' }), { 'tidegate.dev/unit': 'replicas' })
    expect(scalePolicyOf(read<'ScaledObject'>(ofReplicas), 0).formula).toEqual({ expression: 'a + b', triggers: ['a', 'b'], target: 1, activation: 0, metricType: 'AverageValue', isReplicas: true })
  })
  test('warns where KEDA leaves a fallback out in silence', () => {
    const parsed = readResource(scaledObject(modified({ formula: 'a + b', target: '2.5' }, { fallback: { failureThreshold: 1, replicas: 1 } })), origin)
    expect(parsed.problems.map(formatProblem)).toEqual([expect.stringContaining('the fallback does not apply beside such a target')])
  })
})

describe('the scale policy', () => {
  test('has no up-rate and 300 s of patience unless behavior is written', () => {
    expect(policy({}).scaleUp).toEqual({ stabilizationWindowMs: 0, selectPolicy: 'Max', policies: [], tolerance: 0.1 })
    expect(policy({}).scaleDown.stabilizationWindowMs).toBe(300_000)
  })
  test('binds what is written', () => {
    const behavior = { scaleUp: { policies: [{ type: 'Pods', value: 2, periodSeconds: 60 }], tolerance: '50m' }, scaleDown: { stabilizationWindowSeconds: 0, selectPolicy: 'Disabled' } }
    const { scaleUp, scaleDown } = policy({ advanced: { horizontalPodAutoscalerConfig: { behavior } } })
    expect(scaleUp).toMatchObject({ policies: [{ type: 'Pods', value: 2, periodMs: 60_000 }], tolerance: 0.05 })
    expect(scaleDown).toMatchObject({ stabilizationWindowMs: 0, selectPolicy: 'Disabled' })
  })
  test('takes the HPA\'s rates where they are asked for', () => expect(policy({}, { 'tidegate.dev/behavior': 'hpa-defaults' }).scaleUp.policies).toHaveLength(2))
  test.each([
    ['', { kind: 'hold' }], ['yes', { kind: 'hold' }], ['true', { kind: 'hold' }], ['false', undefined], ['F', undefined], ['0', undefined],
  ])('paused: "%s" is read as Go reads it', (text, paused) => expect(policy({}, { 'autoscaling.keda.sh/paused': text }).paused).toEqual(paused))
  test('paused-replicas wins over paused', () => {
    expect(policy({}, { 'autoscaling.keda.sh/paused': 'true', 'autoscaling.keda.sh/paused-replicas': '3' }).paused).toEqual({ kind: 'at', replicas: 3 })
  })
  test.each([
    ['2026-07-01T06:00:00Z', Date.UTC(2026, 6, 1, 6)], ['2026-07-01T08:00:00.500+02:00', Date.UTC(2026, 6, 1, 6, 0, 0, 500)],
  ])('paused-until %s is an instant', (text, at) => expect(policy({}, { 'tidegate.dev/paused-until': text }).pausedUntil).toBe(at))
  test.each(['tomorrow', '2026-07-01', '2026-07-01T06:00:00', '2026-02-31T06:00:00Z', '2026-07-01T25:00:00Z', ''])('paused-until "%s" is a problem', text => {
    expect(problems(scaledObject({}, { 'tidegate.dev/paused-until': text }))).toEqual([expect.stringContaining('metadata.annotations["tidegate.dev/paused-until"]') as unknown])
  })
  test('a claimed object is paused by our annotation alone', () => {
    const claimed = { 'tidegate.dev/claim': 'true', 'autoscaling.keda.sh/paused': 'true' }
    expect(policy({}, claimed).paused).toBeUndefined()
    expect(policy({}, { ...claimed, 'tidegate.dev/paused': 'true' }).paused).toEqual({ kind: 'hold' })
  })
  test('annotations that cannot be read are problems', () => {
    expect(problems(scaledObject({}, { 'autoscaling.keda.sh/paused-replicas': 'three', 'tidegate.dev/max-step': '0', 'tidegate.dev/pausd': '' }))).toEqual([
      'error TG_CONFIG_INVALID metadata.annotations["autoscaling.keda.sh/paused-replicas"]: "three" is not a whole number of at least 0; for example "3"',
      'error TG_CONFIG_INVALID metadata.annotations["tidegate.dev/max-step"]: "0" is not a whole number of at least 1; for example "3"',
      'warning TG_CONFIG_UNKNOWN_FIELD metadata.annotations["tidegate.dev/pausd"]: no such annotation; did you mean tidegate.dev/paused?',
    ])
  })
  test('triggers go by their name or their place', () => {
    expect(policy({ triggers: [{ type: 'a', metadata: {} }, { type: 'b', name: 'x', metadata: {} }] }).triggers).toEqual(['s0', 'x'])
  })
})

describe('Trigger', () => {
  test('has the defaults of the design', () => {
    const read1 = read<'Trigger'>(trigger())
    expect(triggerScalePolicyOf(read1, 0)).toMatchObject({ minReplicas: 0, maxReplicas: 10, cooldownMs: 300_000, triggers: ['audit'] })
    expect(breakerPolicyOf(read1)).toMatchObject({ exhausted: 10 })
    expect(deliveryPolicyOf(read1, { guarantees: { delivery: 'at-least-once' } })).toEqual({
      retry: { attempts: 5, backoff: 'Exponential', initialMs: 1000, maxMs: 300_000, jitter: 'Full' },
      retryAfterMaxMs: 600_000, onExhausted: 'Hold', on410: 'Exhaust', success: [[200, 299]],
    })
  })
  test.each([
    ['a source that keeps nothing drops', {}, { guarantees: { delivery: 'at-most-once' } }, 'Drop'],
    ['a source with a place of its own uses it', {}, { guarantees: { delivery: 'at-least-once' }, deadLetterDefault: () => ({}) }, 'DeadLetter'],
    ['a place that is written is used', { deadLetter: { to: { azureQueue: { queueName: 'q' } } } }, { guarantees: { delivery: 'at-most-once' } }, 'DeadLetter'],
    ['what is written binds', { delivery: { onExhausted: 'Hold' } }, { guarantees: { delivery: 'at-most-once' } }, 'Hold'],
  ] as const)('exhausted: %s', (_what, spec, source, onExhausted) => {
    expect(deliveryPolicyOf(read<'Trigger'>(trigger(spec)), source).onExhausted).toBe(onExhausted)
  })
  test.each([
    ['two sources', { source: { nats: {}, kafka: {} } }, 'spec.source: needs exactly one key, not nats and kafka; make one Trigger for each'],
    ['no address', { function: {} }, 'TG_CONFIG_MISSING spec.function: needs name or url'],
    ['a filter that is not known', { filter: [{ regex: {} }] }, 'spec.filter[0].regex: no such filter dialect'],
    ['a batch', { batch: { maxItems: 5 } }, 'TG_CONFIG_NOT_BUILT spec.batch'],
    ['credentials in the source', { source: { nats: { authenticationRef: { name: 'x' } } } }, 'write it as spec.authenticationRef, beside source'],
    ['a duration without a unit', { delivery: { timeout: 5 } }, 'spec.delivery.timeout'],
  ])('refuses %s', (_what, spec, message) => expect(problems(trigger(spec)).join()).toContain(message))
  test('keeps the source open for its connector', () => expect(read<'Trigger'>(trigger()) satisfies Trigger).toMatchObject({ spec: { source: { nats: { subject: 'a' } } } }))
})

describe('other kinds', () => {
  const scaledJob = (spec: Record<string, unknown> = {}, name = 'work') =>
    ({ ...scaledObject(), kind: 'ScaledJob', metadata: { name }, spec: { jobTargetRef: { template: {} }, triggers: [{ type: 'cron', metadata: {} }], ...spec } })
  test('ScaledJob is read with its defaults, and run', () => {
    const job = read<'ScaledJob'>(scaledJob())
    expect(notRunnable(job)).toEqual([])
    expect(job.spec).toMatchObject({ pollingIntervalMs: 30_000, minReplicaCount: 0, successfulJobsHistoryLimit: 100, scalingStrategy: { strategy: 'default', multipleScalersCalculation: 'max' } })
    expect(rolloutOf(job)).toEqual({ strategy: 'immediate', propagation: 'background' })
  })
  test('the old field of the rollout wins, as in KEDA, and is deprecated', () => {
    expect(rolloutOf(read<'ScaledJob'>(scaledJob({ rolloutStrategy: 'gradual', rollout: { strategy: 'immediate', propagationPolicy: 'foreground' } })))).toEqual({ strategy: 'gradual', propagation: 'foreground' })
  })
  test.each([
    ['a metricType', scaledJob({ triggers: [{ type: 'cron', metadata: {}, metricType: 'Value' }] }), 'spec.triggers[0].metricType: is read no more; Cannot set metricType in ScaledJob triggers'],
    ['no triggers', scaledJob({ triggers: [] }), 'spec.triggers'],
    ['a name that is no label value', scaledJob({}, 'x'.repeat(64)), 'must be no more than 63 characters'],
  ])('ScaledJob refuses %s', (_what, raw, message) => expect(problems(raw).join()).toContain(message))
  test('generations are counted by whoever counts them, else told apart by the spec', () => {
    const of = (raw: object) => generationOf(read<'ScaledJob'>(raw))
    expect(of({ ...scaledJob(), metadata: { name: 'work', generation: 7 } })).toBe('7')
    expect(of(scaledJob())).toBe(of(scaledJob()))
    expect(of(scaledJob())).not.toBe(of(scaledJob({ maxReplicaCount: 3 })))
  })
  test('an unknown kind names the nearest', () => {
    expect(problems({ apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObjet' })).toEqual(['error TG_CONFIG_UNKNOWN_KIND kind: "ScaledObjet" is not a kind of "keda.sh/v1alpha1"; did you mean ScaledObject?'])
    expect(problems({ apiVersion: 'keda.sh/v1alpha1', kind: 'Trigger' })).toEqual(['error TG_CONFIG_UNKNOWN_KIND apiVersion: "keda.sh/v1alpha1" has no Trigger; write tidegate.dev/v1alpha1'])
  })
  test('azure-workload wants a tenant beside an authority', () => {
    const raw = { apiVersion: 'keda.sh/v1alpha1', kind: 'TriggerAuthentication', metadata: { name: 'a' }, spec: { podIdentity: { provider: 'azure-workload', identityAuthorityHost: 'https://x' } } }
    expect(problems(raw).join()).toContain('identityTenantID of PodIdentity should not be nil or empty when identityAuthorityHost of PodIdentity is set')
  })
})

describe('workloads', () => {
  test('a Deployment lists what is not read of it', () => {
    const container = { name: 'c', image: 'x', resources: {}, readinessProbe: { httpGet: { port: 'http' } } }
    const parsed = readWorkload({ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'd' }, spec: { replicas: null, strategy: {}, selector: { matchLabels: { a: 'b' } }, template: { spec: { containers: [container] } } }, status: {} }, origin)
    expect(parsed.ok && parsed.value).toMatchObject({
      kind: 'Deployment', ignored: [['spec', 'strategy'], ['spec', 'template', 'spec', 'containers', 0, 'resources']],
      spec: { replicas: 1, template: { spec: { terminationGracePeriodSeconds: 30, containers: [{ readinessProbe: { httpGet: { path: '/', port: 'http' }, periodSeconds: 10, timeoutSeconds: 1, failureThreshold: 3, successThreshold: 1 } }] } } },
    })
  })
  test('a Secret is decoded, and text wins', () => {
    const parsed = readWorkload({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data: { a: 'aGVsbG8=', b: 'eA==' }, stringData: { b: 'text' } }, origin)
    expect(parsed.ok && parsed.value).toMatchObject({ data: { a: 'hello', b: 'text' } })
  })
  test('a Secret whose data is no base64 says what to write instead', () => {
    expect(readWorkload({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 's' }, data: { a: 'p@ss' } }, origin).problems.map(formatProblem))
      .toEqual(['error TG_CONFIG_INVALID data.a: is not base64; write plain text in stringData'])
  })
})
