import { expect, test } from 'vitest'
import { admissionProblems, leavesWishes, type AdmissionNeighbours } from '../../src/api/index.js'
import { formatProblem } from '../../src/spec/index.js'

type Mapping = Readonly<Record<string, unknown>>
const so = (name: string, spec: Mapping = {}, metadata: Mapping = {}, apiVersion = 'keda.sh/v1alpha1'): Mapping =>
  ({ apiVersion, kind: 'ScaledObject', metadata: { name, namespace: 'shop', ...metadata }, spec: { scaleTargetRef: { name: 'web' }, ...spec } })
const hpa = (name: string, target: Mapping = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }): AdmissionNeighbours['hpas'][number] => ({ name, target, owners: [] })
const said = (object: Mapping, near: Partial<AdmissionNeighbours>): readonly string[] => admissionProblems(object, { scaledObjects: [], hpas: [], ...near }).map(formatProblem)

test('of two ScaledObjects on a target the one that was there first may be edited', () => {
  const [older, younger] = ['2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z'].map((creationTimestamp, i) => so(['older', 'younger'][i] ?? '', {}, { creationTimestamp })) as [Mapping, Mapping]
  expect(said(older, { scaledObjects: [older, younger] })).toEqual([])
  expect(said(younger, { scaledObjects: [older, younger] }).join()).toContain(`managed by the ScaledObject 'older'`)
  expect(said(so('new'), { scaledObjects: [older] }).join()).toContain('error TG_TARGET_CONFLICT spec.scaleTargetRef.name: ')
})

test('one name in both groups is no conflict, two names are', () => {
  expect(said(so('a', {}, {}, 'tidegate.dev/v1alpha1'), { scaledObjects: [so('a')] })).toEqual([])
  expect(said(so('b', {}, {}, 'tidegate.dev/v1alpha1'), { scaledObjects: [so('a')] })).toHaveLength(1)
})

test('a target is told by group, kind and name, with KEDA\'s defaults', () => {
  expect(said(so('a'), { hpas: [hpa('h', { apiVersion: 'apps/v1beta2', kind: 'Deployment', name: 'web' })] })).toHaveLength(1)
  expect(said(so('a', { scaleTargetRef: { name: 'web', kind: 'StatefulSet' } }), { hpas: [hpa('h')] })).toEqual([])
  expect(said(so('a', { scaleTargetRef: { name: 'web', apiVersion: 'argoproj.io/v1alpha1' } }), { hpas: [hpa('h')] })).toEqual([])
})

test('an autoscaler on the target is refused with what may be done, unless the object says that it is none of its business', () => {
  expect(said(so('a'), { hpas: [hpa('by-cpu')] })).toEqual([
    `error TG_TARGET_CONFLICT spec.scaleTargetRef.name: the workload 'web' of type 'apps/v1.Deployment' is already managed by the hpa 'by-cpu'; ` +
    'delete it, or let it be taken over: scaledobject.keda.sh/transfer-hpa-ownership: "true" and spec.advanced.horizontalPodAutoscalerConfig.name: by-cpu',
  ])
  expect(said(so('a', {}, { annotations: { 'validations.keda.sh/hpa-ownership': 'false' } }), { hpas: [hpa('by-cpu')] })).toEqual([])
})

test('one autoscaler cannot be named by two', () => {
  const named = (name: string, target: string): Mapping => so(name, { scaleTargetRef: { name: target }, advanced: { horizontalPodAutoscalerConfig: { name: 'shared' } } })
  expect(said(named('b', 'other'), { scaledObjects: [named('a', 'web')] }).join()).toContain(`the HPA 'shared' is already managed by the ScaledObject 'a'`)
})

test('of what is no ScaledObject there is nothing to say', () => {
  expect(said({ kind: 'Trigger' }, { scaledObjects: [so('a')], hpas: [hpa('h')] })).toEqual([])
})

test('an update that changes no wish is not checked: finalizers, labels, the memory, the order of keys', () => {
  const old = so('a', { maxReplicaCount: 3 }, { finalizers: ['f'], annotations: { note: 'x' } })
  expect(leavesWishes(so('a', { maxReplicaCount: 3 }, { finalizers: [], labels: { l: '1' }, annotations: { note: 'x', 'tidegate.dev/memory': '1 {}' } }), old)).toBe(true)
  expect(leavesWishes({ ...old, spec: { maxReplicaCount: 3, scaleTargetRef: { name: 'web' } } }, old)).toBe(true)
  expect(leavesWishes(so('a', { maxReplicaCount: 4 }, { annotations: { note: 'x' } }), old)).toBe(false)
  expect(leavesWishes(so('a', { maxReplicaCount: 3 }, { annotations: { note: 'x', 'tidegate.dev/paused': 'true' } }), old)).toBe(false)
  expect(leavesWishes(old, undefined)).toBe(false)
})

test('what is being deleted is left alone, whatever it says', () => {
  expect(leavesWishes(so('a', { maxReplicaCount: 0 }, { deletionTimestamp: '2026-01-01T00:00:00Z' }), so('a'))).toBe(true)
})
