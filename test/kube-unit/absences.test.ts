import { expect, test } from 'vitest'
import { warnOfAbsences } from '../../src/kube/absences.js'
import { Discovery } from '../../src/kube/api/discovery.js'
import { ManualClock } from '../fakes/manual-clock.js'
import { recordingLog } from '../fakes/ports.js'
import { failure, ScriptedApi } from './api-server.js'

const kinds = { resources: [{ name: 'scaledobjects', kind: 'ScaledObject', namespaced: true }] }

/** What is warned of, where these paths answer and no others do. */
async function warned (namespaces: readonly string[], there: Readonly<Record<string, object>>): Promise<readonly string[]> {
  const api = new ScriptedApi()
  api.script = ({ path }) => there[path] === undefined ? failure(404, 'NotFound') : { body: there[path] }
  const http = await api.start()
  const log = recordingLog()
  await warnOfAbsences({ http, discovery: new Discovery(http, new ManualClock()), namespaces, log })
  return log.lines.filter(l => l.level === 'warn').map(l => l.message)
}

const ours = { '/apis/tidegate.dev/v1alpha1': kinds }
const review = (allowed: boolean) => ({ '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews': { status: { allowed } } })
const shopp = 'namespace shopp does not exist: there is nothing to work on in it until it does'

test('a cluster without any of the kinds is told what to apply', async () => {
  expect(await warned([], {})).toEqual(['no scaledobjects.tidegate.dev and none of keda.sh here: apply `tidegate crds`'])
})

test.each(['tidegate.dev', 'keda.sh'])('one group is enough: %s', async group => {
  expect(await warned([], { [`/apis/${group}/v1alpha1`]: kinds })).toEqual([])
})

test('a namespace that is not there is named', async () => {
  expect(await warned(['shop', 'shopp'], { ...ours, ...review(true), '/api/v1/namespaces/shop/configmaps/kube-root-ca.crt': {} })).toEqual([shopp])
})

test('who may not read namespaces goes by the ConfigMap that each of them has', async () => {
  expect(await warned(['shopp'], { ...ours, ...review(false) })).toEqual([shopp])
})

test('a namespace that is there without this ConfigMap is not doubted', async () => {
  expect(await warned(['bare'], { ...ours, ...review(true), '/api/v1/namespaces/bare': {} })).toEqual([])
})
