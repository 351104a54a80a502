import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type KubeControlPlane, kubeControlPlane } from '../servers/kube.js'
import { type NatsServer, natsServer } from '../servers/nats.js'
import { installKnative } from './knative.js'
import { installKinds } from './operator.js'
import { nameOf, permissionsIn } from './rbac/rights.js'
import { busyPods, knative, scenarios as independent } from './rbac/scenarios.js'
import { type Outcome, perform, type Scenario } from './rbac/stage.js'

const permissions = permissionsIn('deploy/manifests')

/** What each permission is for. A permission that no scenario here needs is one too many; one that is not here has no reason to be granted. */
const needs: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(['keda.sh', 'tidegate.dev'].flatMap(group => [
    [`a ScaledObject of ${group} scales, and its edit is followed`, [`${group}/scaledobjects list`, `${group}/scaledobjects watch`]],
    [`what a ScaledObject of ${group} remembers stands in its annotation`, [`${group}/scaledobjects patch`]],
    [`the memory of a ScaledObject of ${group} is written though others write to it too`, [`${group}/scaledobjects get`]],
    [`a ScaledObject of ${group} has conditions`, [`${group}/scaledobjects/status patch`]],
    [`a TriggerAuthentication of ${group} says who uses it`, [`${group}/triggerauthentications/status patch`]],
    [`a ClusterTriggerAuthentication of ${group} says who uses it`, [`${group}/clustertriggerauthentications/status patch`]],
    [`a ScaledJob of ${group} that comes later has conditions`, [`${group}/scaledjobs list`, `${group}/scaledjobs watch`, `${group}/scaledjobs/status patch`]],
    [`a ScaledJob of ${group} makes jobs, ends those of an earlier spec, and makes another when one is gone`, [`${group}/scaledjobs patch`, ...(group === 'keda.sh' ? ['list', 'watch', 'create', 'delete'].map(verb => `batch/jobs ${verb}`) : [])]],
    [`the memory of a ScaledJob of ${group} is written though others write to it too`, [`${group}/scaledjobs get`]],
    [`credentials come from a TriggerAuthentication of ${group} that comes later`, [`${group}/triggerauthentications list`, `${group}/triggerauthentications watch`]],
    [`credentials come from a ClusterTriggerAuthentication of ${group} that comes later`, [`${group}/clustertriggerauthentications list`, `${group}/clustertriggerauthentications watch`]],
  ])),
  'a Deployment that comes later is scaled': ['apps/deployments list', 'apps/deployments watch', 'apps/deployments/scale patch'],
  'a StatefulSet that comes later is scaled': ['apps/statefulsets list', 'apps/statefulsets watch', 'apps/statefulsets/scale patch'],
  'the count of a Deployment is written though others write to it too': ['apps/deployments/scale get'],
  'the count of a StatefulSet is written though others write to it too': ['apps/statefulsets/scale get'],
  'an autoscaler that comes later stops us': ['autoscaling/horizontalpodautoscalers list', 'autoscaling/horizontalpodautoscalers watch'],
  'a credential comes from a Secret': ['core/secrets get'],
  'a parameter comes from a ConfigMap': ['core/configmaps get'],
  'scaling is told as an Event': ['events.k8s.io/events create'],
  'the lease is taken and kept': ['coordination.k8s.io/leases get', 'coordination.k8s.io/leases create', 'coordination.k8s.io/leases update'],
  'a Trigger has conditions, and its edit is followed': ['tidegate.dev/triggers list', 'tidegate.dev/triggers watch', 'tidegate.dev/triggers/status patch'],
  'what a Trigger remembers stands in its annotation': ['tidegate.dev/triggers patch'],
  'the memory of a Trigger is written though others write to it too': ['tidegate.dev/triggers get'],
  'a function is found behind a Service that comes later, and its ready addresses with it': ['core/services list', 'core/services watch', 'discovery.k8s.io/endpointslices list', 'discovery.k8s.io/endpointslices watch'],
  'a Knative Service that comes later is called at its address': ['serving.knative.dev/services list', 'serving.knative.dev/services watch'],
  'the ready pods of a Deployment without a Service are found': ['core/pods list', 'core/pods watch'],
  'the pod that works is marked as the last to go': ['core/pods patch'],
}

/** Without these it happens too, later: after another try, or another list. What is missing is said. */
const onlyLater = new Set(['apps/deployments/scale get', 'apps/statefulsets/scale get', 'autoscaling/horizontalpodautoscalers watch'])

let kube: KubeControlPlane
let nats: NatsServer
let depths: Server
beforeAll(async () => {
  [kube, nats] = await Promise.all([kubeControlPlane(), natsServer()])
  await installKinds(kube, 'keda.sh', 'tidegate.dev')
  await installKnative(kube)
  depths = createServer((request, response) => response.writeHead(request.headers.authorization === 'Bearer sesame' ? 200 : 401).end('{"depth": 12}'))
  await new Promise<void>(resolve => depths.listen(0, '127.0.0.1', resolve))
})
afterAll(async () => {
  depths.closeAllConnections()
  depths.close()
  await Promise.all([kube.stop(), nats.stop()])
})

const scenarios: readonly Scenario[] = [...independent, knative, busyPods(() => nats)]
const scenarioNamed = (name: string): Scenario => {
  const found = scenarios.find(s => s.name === name)
  if (found === undefined) throw new Error(`no scenario "${name}"`)
  return found
}
const without = (name: string): ReturnType<typeof permissionsIn> => permissions.filter(p => nameOf(p) !== name)
const depthUrl = (): string => `http://127.0.0.1:${(depths.address() as AddressInfo).port}/`
const withinMs = 90_000

/** Each scenario with every right, once: how long it takes. */
const controls = new Map<string, Promise<Outcome>>()
const control = (name: string): Promise<Outcome> => {
  const known = controls.get(name) ?? perform(kube, scenarioNamed(name), { permissions, withinMs, depthUrl: depthUrl() })
  controls.set(name, known)
  return known
}

test('every permission that is shipped has a scenario, and every scenario is about one that is shipped', () => {
  expect(Object.values(needs).flat().sort()).toEqual([...new Set(permissions.map(nameOf))].sort())
  expect(scenarios.map(s => s.name).sort()).toEqual(Object.keys(needs).sort())
})

describe.concurrent('without the right to', () => {
  for (const [name, needed] of Object.entries(needs)) {
    test.each(needed)(`%s it does not happen that ${name}`, async permission => {
      const { tookMs, refused, complaints } = await control(name)
      expect(tookMs, 'with every right').toBeDefined()
      expect({ refused: [...refused], complaints }).toEqual({ refused: [], complaints: [] })
      const lacking = await perform(kube, scenarioNamed(name), { permissions: without(permission), lacking: permission, withinMs: (tookMs ?? 0) * 1.5 + 1_000, depthUrl: depthUrl() })
      if (onlyLater.has(permission)) expect(lacking.complaints).not.toEqual([])
      else expect(lacking.tookMs, 'without it').toBeUndefined()
      expect([...lacking.refused]).toContain(permission)
    }, 240_000)
  }
})
