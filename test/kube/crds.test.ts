import { readdir, readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseAllDocuments } from 'yaml'
import { crdGroups } from '../../src/api/index.js'
import { type KubeControlPlane, kubeControlPlane, type KubeObject } from '../servers/kube.js'

let kube: KubeControlPlane
let namespace: string
beforeAll(async () => {
  kube = await kubeControlPlane()
  for (const group of crdGroups) await install(group)
  namespace = await kube.namespace()
})
afterAll(async () => { await kube.stop() })

interface Crd extends KubeObject { readonly status?: { readonly conditions?: readonly { readonly type: string, readonly status: string, readonly message: string }[] } }

async function install (group: string): Promise<void> {
  const crds = parseAllDocuments(await readFile(`deploy/crds/${group}.yaml`, 'utf8')).map(document => document.toJS() as Crd)
  expect(crds.length).toBeGreaterThanOrEqual(4)
  await Promise.all(crds.map(async crd => {
    await kube.admin.apply(crd)
    const found = await kube.admin.until<Crd>(await kube.admin.pathOf(crd), c => conditionOf(c, 'Established')?.status === 'True')
    expect(conditionOf(found, 'NonStructuralSchema')).toBeUndefined()
    expect(conditionOf(found, 'NamesAccepted')).toMatchObject({ status: 'True' })
  }))
}

const conditionOf = (crd: Crd | undefined, type: string) => crd?.status?.conditions?.find(c => c.type === type)

const object = (apiVersion: string, kind: string, spec: unknown): KubeObject => ({ apiVersion, kind, metadata: { name: `t${++objects}`, ...(kind.startsWith('Cluster') ? {} : { namespace }) }, spec })
let objects = 0

const cron = { type: 'cron', metadata: { timezone: 'UTC', start: '0 8 * * *', end: '0 9 * * *', desiredReplicas: '2' } }
const scaled = (spec: Readonly<Record<string, unknown>>) => ({ scaleTargetRef: { name: 'web' }, triggers: [cron], ...spec })
const triggered = (spec: Readonly<Record<string, unknown>>) => ({ source: { cron: { schedule: '* * * * *' } }, function: { name: 'fn' }, ...spec })

const own = 'tidegate.dev/v1alpha1'
const keda = 'keda.sh/v1alpha1'

describe('what is stored', () => {
  test('a ScaledObject of KEDA\'s group, as it was written', async () => {
    const { spec } = await kube.admin.apply(object(keda, 'ScaledObject', scaled({})))
    expect(spec).toEqual(scaled({}))
  })

  test('an unchanged cpu trigger of KEDA, whose scaler we do not have: the condition says so', async () => {
    const triggers = [{ type: 'cpu', metricType: 'Utilization', metadata: { value: '60' } }]
    expect((await kube.admin.apply(object(keda, 'ScaledObject', scaled({ triggers })))).spec).toEqual(scaled({ triggers }))
  })

  test('one of ours, with its defaults but for minReplicaCount, whose absence says something', async () => {
    const { spec } = await kube.admin.apply(object(own, 'ScaledObject', scaled({ fallback: { failureThreshold: 3, replicas: 1 } })))
    expect(spec).toMatchObject({ scaleTargetRef: { kind: 'Deployment', apiVersion: 'apps/v1' }, pollingInterval: 30, maxReplicaCount: 100, fallback: { behavior: 'static' }, triggers: [{ metricType: 'AverageValue' }] })
    expect(spec).not.toHaveProperty('minReplicaCount')
  })

  test('a Trigger, with defaults at every depth', async () => {
    const { spec } = await kube.admin.apply(object(own, 'Trigger', triggered({})))
    expect(spec).toMatchObject({
      suspend: false, source: { cron: { schedule: '* * * * *' } }, function: { method: 'POST', envelope: 'Auto', success: ['200-299'] },
      delivery: { timeout: '60s', retry: { attempts: 5, initial: '1s' }, retryAfter: { mode: 'Honor' } }, scale: { mode: 'Managed', min: 0, max: 10 }, drain: { timeout: '30s' },
    })
  })

  test('fields that are not built yet are kept, so that the operator can refuse them by name', async () => {
    const { spec } = await kube.admin.apply(object(own, 'Trigger', triggered({ batch: { max: 10 }, delivery: { maxAge: '1h' } })))
    expect(spec).toMatchObject({ batch: { max: 10 }, delivery: { maxAge: '1h' } })
  })

  test('the status subresource: times of conditions in our group, none in KEDA\'s', async () => {
    for (const [apiVersion, expected] of [[own, '2026-01-01T00:00:00Z'], [keda, undefined]] as const) {
      const stored = await kube.admin.apply(object(apiVersion, 'ScaledObject', scaled({})))
      const condition = { type: 'Ready', status: 'True', reason: 'ScaledObjectReady', message: 'is fine', lastTransitionTime: '2026-01-01T00:00:00Z', observedGeneration: 1 }
      const path = await kube.admin.pathOf(stored)
      const { status, spec } = await kube.admin.patch<KubeObject & { status: { conditions: { lastTransitionTime?: string }[] } }>(`${path}/status`, { spec: { maxReplicaCount: 7 }, status: { conditions: [condition] } })
      expect(status.conditions[0]?.lastTransitionTime).toBe(expected)
      expect(spec).toEqual(stored['spec'])
    }
  })
})

test('the manifests of the examples are taken, no field of theirs unknown', async () => {
  const files = (await readdir('examples', { recursive: true })).filter(name => /\/k8s\/.*\.yaml$/.test(name))
  const documents = (await Promise.all(files.map(async name => parseAllDocuments(await readFile(`examples/${name}`, 'utf8'))))).flat().map(d => d.toJS() as KubeObject | null)
  const ours = documents.filter(d => d !== null).filter(({ apiVersion = '', kind }) => [own, keda].includes(apiVersion) && kind !== 'Config')
  expect(ours.length).toBeGreaterThan(1)
  for (const document of ours) await kube.admin.apply({ ...document, metadata: { ...document.metadata, namespace } })
})

describe('what is refused', () => {
  const refused: readonly (readonly [string, string, unknown, RegExp])[] = [
    ['ScaledObject', 'min above max', scaled({ minReplicaCount: 5, maxReplicaCount: 2 }), /minReplicaCount must be less than or equal to maxReplicaCount/],
    ['ScaledObject', 'min above the default of max', scaled({ minReplicaCount: 101 }), /minReplicaCount must be less than/],
    ['ScaledObject', 'idle without min', scaled({ idleReplicaCount: 0 }), /idleReplicaCount.*must be less than minReplicaCount/],
    ['ScaledObject', 'no trigger', scaled({ triggers: [] }), /triggers.*at least 1/],
    ['ScaledObject', 'a target without a name', scaled({ scaleTargetRef: { name: '' } }), /scaleTargetRef.name/],
    ['ScaledObject', 'cached metrics of cron', scaled({ triggers: [{ ...cron, useCachedMetrics: true }] }), /is not supported for the cpu, memory and cron scalers/],
    ['ScaledObject', 'a fallback by a formula that is not there', scaled({ fallback: { failureThreshold: 1, replicas: 1, behavior: 'scalingModifiers' } }), /needs advanced.scalingModifiers.formula/],
    ['ScaledObject', 'an unknown field', scaled({ maxReplicas: 3 }), /spec.maxReplicas: field not declared/],
    ['ScaledJob', 'an unknown strategy', { jobTargetRef: {}, triggers: [cron], scalingStrategy: { strategy: 'fast' } }, /Unsupported value: "fast"/],
    ['TriggerAuthentication', 'a file', { filePath: 'a.json' }, /only from a ClusterTriggerAuthentication/],
    ['ClusterTriggerAuthentication', 'an empty identity', { podIdentity: { provider: 'azure-workload', identityId: '' } }, /identityId.*must not be empty/],
  ]
  for (const apiVersion of [own, keda]) {
    test.each(refused)(`${apiVersion} %s: %s`, async (kind, _title, spec, message) => {
      await expect(kube.admin.apply(object(apiVersion, kind, spec))).rejects.toThrow(message)
    })
  }

  test.each<readonly [string, unknown, RegExp]>([
    ['two sources', triggered({ source: { cron: {}, nats: {} } }), /source.*at most 1/],
    ['no source', triggered({ source: {} }), /source.*at least 1/],
    ['a function without an address', triggered({ function: {} }), /needs name or url, and not both/],
    ['a function with two addresses', triggered({ function: { name: 'a', url: 'http://a' } }), /needs name or url, and not both/],
    ['a path without its slash', triggered({ function: { name: 'a', path: 'x' } }), /must begin with/],
    ['min above max', triggered({ scale: { min: 20 } }), /must be no more than max/],
    ['no duration', triggered({ delivery: { timeout: 'soon' } }), /spec.delivery.timeout/],
  ])('Trigger: %s', async (_title, spec, message) => {
    await expect(kube.admin.apply(object(own, 'Trigger', spec))).rejects.toThrow(message)
  })

  test('a number where KEDA takes text, in its group alone', async () => {
    const spec = scaled({ triggers: [{ type: 'cron', metadata: { desiredReplicas: 2 } }] })
    await expect(kube.admin.apply(object(keda, 'ScaledObject', spec))).rejects.toThrow(/desiredReplicas.*string/)
    await kube.admin.apply(object(own, 'ScaledObject', spec))
  })
})

describe('what kubectl shows', () => {
  const conditions = [{ type: 'Ready', status: 'True', reason: 'ScaledObjectReady' }, { type: 'Active', status: 'False', reason: 'ScalerCooldown' }]
  async function shown (apiVersion: string): Promise<unknown> {
    const stored = await kube.admin.apply(object(apiVersion, 'ScaledObject', scaled({ minReplicaCount: 1, maxReplicaCount: 4 })))
    const path = await kube.admin.pathOf(stored)
    await kube.admin.patch(`${path}/status`, { status: { conditions, triggersTypes: 'cron', scaleTargetKind: 'apps/v1.Deployment' } })
    return (await kube.admin.table(path))[0]
  }

  test('KEDA\'s columns', async () => {
    const row = await shown(keda) as object
    expect(Object.keys(row)).toEqual(['Name', 'ScaleTargetKind', 'ScaleTargetName', 'Min', 'Max', 'Ready', 'Active', 'Fallback', 'Paused', 'Triggers', 'Authentications', 'Age'])
    expect(row).toMatchObject({ ScaleTargetKind: 'apps/v1.Deployment', ScaleTargetName: 'web', Min: 1, Max: 4, Ready: 'True', Active: 'False', Triggers: 'cron' })
  })

  test('ours, with the reasons', async () => {
    expect(await shown(own)).toMatchObject({ Target: 'web', Min: 1, Max: 4, Ready: 'True', Reason: 'ScaledObjectReady', Active: 'False', Because: 'ScalerCooldown' })
  })

  test('the short names', async () => {
    const { resources } = await kube.admin.get<{ resources: { name: string, shortNames?: string[] }[] }>(`/apis/${own}`)
    expect(Object.fromEntries(resources.filter(r => !r.name.includes('/')).map(r => [r.name, r.shortNames]))).toEqual({
      scaledobjects: ['so', 'tso'], scaledjobs: ['sj', 'tsj'], triggerauthentications: ['ta', 'triggerauth', 'tta'], clustertriggerauthentications: ['cta', 'clustertriggerauth', 'tcta'], triggers: ['tgr'],
    })
  })
})
