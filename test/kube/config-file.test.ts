import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { AckPolicy, connect } from 'nats'
import { type KubeControlPlane, kubeControlPlane } from '../servers/kube.js'
import { natsServer } from '../servers/nats.js'
import { conditionOf, type Deployment, deployment, deploymentPath, fast, installKinds, installRights, runOperator, type Scaled, scaledObject, scaledObjectPath } from './operator.js'

let kube: KubeControlPlane
let rights: string
beforeAll(async () => {
  kube = await kubeControlPlane()
  await installKinds(kube, 'keda.sh')
  rights = await installRights(kube)
})
afterAll(async () => { await kube.stop() })

/** A ConfigMap as a kubelet mounts it: `..data` is a link to a folder, and a change exchanges the link. */
function mounted (): { readonly file: string, write (text: string): void } {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-config-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  let changes = 0
  const write = (text: string): void => {
    const version = `..version_${changes++}`
    mkdirSync(join(folder, version))
    writeFileSync(join(folder, version, 'tidegate.yaml'), text)
    symlinkSync(version, join(folder, '..next'))
    renameSync(join(folder, '..next'), join(folder, '..data'))
  }
  write('defaults: {}\n')
  symlinkSync(join('..data', 'tidegate.yaml'), join(folder, 'tidegate.yaml'))
  return { file: join(folder, 'tidegate.yaml'), write }
}

test('defaults that change are read again: an object that had no address is scaled; a broken file is named, and what it said before goes on', async () => {
  const server = await natsServer()
  const connection = await connect({ servers: server.url })
  onTestFinished(async () => { await connection.close(); await server.stop() })
  const manager = await connection.jetstreamManager()
  await manager.streams.add({ name: 'ORDERS', subjects: ['orders'] })
  await manager.consumers.add('ORDERS', { durable_name: 'billing', ack_policy: AckPolicy.Explicit })
  const namespace = await kube.namespace()
  const config = mounted()
  await kube.admin.apply(deployment(namespace, 'billing', 0))
  await kube.admin.apply(scaledObject('keda.sh', namespace, 'billing', { ...fast, triggers: [{ type: 'nats-jetstream', metadata: { stream: 'ORDERS', consumer: 'billing' } }] }))
  const run = await runOperator(rights, '--namespace', namespace, '--config', config.file)
  const path = scaledObjectPath('keda.sh', namespace, 'billing')
  await kube.admin.until<Scaled>(path, so => conditionOf(so, 'Ready')?.status === 'False')
  config.write(`defaults: {nats: {servers: "${server.url}"}}\n`)
  await kube.admin.until<Scaled>(path, so => conditionOf(so, 'Ready')?.status === 'True')
  config.write('defalts: {}\n')
  const broken = await run.line(l => l.level === 'error' && l.msg.startsWith('the configuration changed'))
  expect(broken['err']).toContain('defalts')
  await connection.jetstream().publish('orders', 'x')
  await kube.admin.until<Deployment>(deploymentPath(namespace, 'billing'), d => d?.spec.replicas === 1)
})
