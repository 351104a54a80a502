import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { connect } from 'node:tls'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../../src/cli/clock.js'
import { endOf, serves } from '../../src/kube/admission/certificates.js'
import { CertificateKeeper } from '../../src/kube/admission/keeper.js'
import { fromData, renewed, toData, type Material } from '../../src/kube/admission/material.js'
import { ManualClock } from '../fakes/manual-clock.js'
import { quiet } from '../fakes/ports.js'
import { failure, type Reply, ScriptedApi } from './api-server.js'

const hosts = ['tidegate-webhook.tidegate.svc', 'localhost', '127.0.0.1']
const dayMs = 86_400_000
const now = Date.parse('2026-03-01T00:00:00Z')

/** Whether a client that trusts this bundle talks to a server with this pair under this name. */
async function talks ({ serving }: Material, bundle: readonly string[], servername: string): Promise<boolean> {
  const server = createServer({ key: serving.key, cert: serving.certificate }).listen(0, '127.0.0.1')
  onTestFinished(() => { server.close() })
  await once(server, 'listening')
  const socket = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, ca: bundle.join(''), servername })
  return new Promise(resolve => {
    socket.once('secureConnect', () => { socket.destroy(); resolve(true) }).once('error', () => resolve(false))
  })
}

test('a client that trusts the authority, and no other, talks to the server under its names, and under no other', async () => {
  const [material, other] = [renewed(undefined, hosts, Date.now()), renewed(undefined, hosts, Date.now())]
  expect(await talks(material, material.trusted, 'tidegate-webhook.tidegate.svc')).toBe(true)
  expect(await talks(material, material.trusted, 'localhost')).toBe(true)
  expect(await talks(material, material.trusted, 'elsewhere.svc')).toBe(false)
  expect(await talks(material, other.trusted, 'localhost')).toBe(false)
  expect(fromData(toData(material))).toEqual(material)
})

test('it is good until a month before its end; then its successor has the same authority', () => {
  const first = renewed(undefined, hosts, now)
  expect(endOf(first.serving.certificate)).toBe(now + 90 * dayMs)
  expect(renewed(first, hosts, now + 59 * dayMs)).toBe(first)
  const second = renewed(first, hosts, now + 61 * dayMs)
  expect(second.trusted).toEqual(first.trusted)
  expect(second.serving).not.toEqual(first.serving)
  expect(serves(second.serving, first.authority.certificate, hosts)).toBe(true)
})

test('other hosts ask for another certificate, and what cannot be read for all anew', () => {
  const first = renewed(undefined, hosts, now)
  const moved = renewed(first, ['tidegate-webhook.elsewhere.svc'], now)
  expect([moved.trusted, moved.serving.certificate !== first.serving.certificate]).toEqual([first.trusted, true])
  const torn = { ...first, authority: { ...first.authority, key: 'torn' } }
  expect(renewed(torn, hosts, now).authority.certificate).not.toBe(first.authority.certificate)
  const mixed = { ...first, serving: { ...first.serving, key: renewed(undefined, hosts, now).serving.key } }
  expect(renewed(mixed, hosts, now).serving).not.toEqual(mixed.serving)
})

test('a new authority is trusted beside the old one, for replicas that still serve with it', async () => {
  const first = renewed(undefined, hosts, Date.now() - 3300 * dayMs)
  const second = renewed(first, hosts, Date.now())
  expect(second.trusted).toEqual([second.authority.certificate, first.authority.certificate])
  const reissued = { ...first, serving: renewed({ ...first }, hosts, Date.now() - 3280 * dayMs).serving }
  expect(serves(reissued.serving, second.trusted[1] ?? '', hosts)).toBe(true)
  expect(await talks(second, second.trusted, 'localhost')).toBe(true)
})

test('of two replicas that begin together one writes the Secret, and both serve with what it wrote', async () => {
  const api = new ScriptedApi()
  const stored: { secret?: { metadata: { resourceVersion: string }, data: Record<string, string> } } = {}
  const bundles: unknown[] = []
  let waiting = 2
  api.script = async ({ method, path, body }): Promise<Reply> => {
    if (path.endsWith('/secrets') && method === 'POST') {
      if (stored.secret !== undefined) return failure(409, 'AlreadyExists')
      stored.secret = { metadata: { resourceVersion: '1' }, data: (body as { data: Record<string, string> }).data }
      return { body: stored.secret }
    }
    if (path.includes('/secrets/')) {
      if (stored.secret !== undefined) return { body: stored.secret }
      if (waiting-- > 1) await api.asks(({ path: asked }) => asked.includes('/secrets/'), 2) // both find none
      return failure(404, 'NotFound')
    }
    if (method === 'PATCH') bundles.push((body as { webhooks: { clientConfig: { caBundle: string } }[] }).webhooks[0]?.clientConfig.caBundle)
    return { body: { metadata: { name: 'tidegate-webhook', resourceVersion: '7' }, webhooks: [{ name: 'validate.tidegate.dev', clientConfig: { caBundle: bundles.at(-1) } }] } }
  }
  const http = await api.start()
  const stopping = new AbortController()
  const used: Material[] = []
  const runs = [1, 2].map(() => new CertificateKeeper({ http, clock: systemClock, log: quiet, namespace: 'tidegate', name: 'tidegate-webhook', hosts })
    .run(material => { used.push(material); if (used.length === 2) stopping.abort() }, stopping.signal))
  await Promise.all(runs)
  expect(used[0]).toEqual(used[1])
  expect(used[0]).toEqual(fromData(stored.secret?.data ?? {}))
  expect(new Set(bundles)).toEqual(new Set([stored.secret?.data['ca.crt']]))
})

test('a certificate that nears its end is written over the version that was read, and trusted before it is used', async () => {
  const api = new ScriptedApi()
  const clock = new ManualClock(now)
  const kept = renewed(undefined, hosts, now - 60 * dayMs + 60_000) // due in a minute
  const order: string[] = []
  let data = toData(kept)
  let version = 3
  api.script = ({ method, path, body }): Reply => {
    if (method === 'PATCH' && path.includes('/secrets/')) {
      const patch = body as { metadata: { resourceVersion: string }, data: Record<string, string> }
      if (patch.metadata.resourceVersion !== String(version)) return failure(409, 'Conflict')
      order.push('secret')
      data = patch.data
      version++
    }
    if (path.includes('/secrets/')) return { body: { metadata: { resourceVersion: String(version) }, data } }
    if (method === 'PATCH') order.push('bundle')
    return { body: { metadata: { resourceVersion: '1' }, webhooks: [{ clientConfig: { caBundle: 'something else' } }] } }
  }
  const http = await api.start()
  const stopping = new AbortController()
  const keeper = new CertificateKeeper({ http, clock, log: quiet, namespace: 'tidegate', name: 'tidegate-webhook', hosts })
  const uses: Material[] = []
  const run = keeper.run(material => { uses.push(material); order.push('used') }, stopping.signal)
  await expect.poll(() => uses.length).toBe(1)
  expect(order).toEqual(['bundle', 'used'])
  await expect.poll(() => clock.pending).toBe(1)
  await clock.advance(600_000)
  await expect.poll(() => uses.length).toBe(2)
  expect(order.slice(2).filter((step, i, all) => step !== all[i - 1])).toEqual(['secret', 'bundle', 'used'])
  expect(uses[1]?.serving.certificate).not.toBe(kept.serving.certificate)
  stopping.abort()
  await run
})
