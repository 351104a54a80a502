import { expect, test } from 'vitest'
import { natsJetstream } from '../../scalers/nats-jetstream.js'
import { readResource, type ScaledObject } from '../../src/api/index.js'
import { scalerConfig, type Defaults } from '../../src/runtime/configs.js'
import type { ObjectRef } from '../../src/runtime/ports.js'

const target: ObjectRef = { apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'worker' }

function scaledObject (metadata: Readonly<Record<string, string>>): ScaledObject {
  const read = readResource({
    apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', metadata: { namespace: 'shop', name: 'worker' },
    spec: { scaleTargetRef: { name: 'worker' }, triggers: [{ type: 'nats-jetstream', metadata: { stream: 'ORDERS', consumer: 'billing', ...metadata } }] },
  }, { kind: 'cluster', cluster: 'test' })
  if (!read.ok || read.value.kind !== 'ScaledObject') throw new Error('no ScaledObject')
  return read.value
}

function setup () {
  const world = { defaults: {} as Defaults, servers: 'first:4222' }
  const reader = {
    secret: async () => undefined, configMap: async () => undefined,
    containers: async () => [{ name: 'main', env: [{ name: 'NATS', value: world.servers }], envFrom: [] }],
  }
  const files = { read: async () => { throw new Error('no files') } }
  const parts = { reader, files, defaults: () => world.defaults, authentication: () => undefined, clusterObjectNamespace: 'tidegate' } as unknown as Parameters<typeof scalerConfig>[4]
  return { world, config: (object: ScaledObject) => scalerConfig(object, 0, natsJetstream, target, parts, 0) }
}

test('what comes without credentials is made once, until the defaults change', async () => {
  const t = setup()
  const object = scaledObject({ natsServerMonitoringEndpoint: 'nats:8222', account: '$G' })
  const first = await t.config(object)
  expect(await t.config(object)).toBe(first)
  t.world.defaults = { nats: { servers: 'nats:4222' } }
  expect(await t.config(object)).toMatchObject({ ok: true, config: { servers: ['nats:4222'] } })
})

test('what is read from an environment is made anew each time', async () => {
  const t = setup()
  const object = scaledObject({ serversFromEnv: 'NATS', account: '$G' })
  expect(await t.config(object)).toMatchObject({ ok: true, config: { servers: ['first:4222'] } })
  t.world.servers = 'second:4222'
  expect(await t.config(object)).toMatchObject({ ok: true, config: { servers: ['second:4222'] } })
})
