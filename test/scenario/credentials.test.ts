import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { Scene } from './harness.js'
import { deployment, scaledObject } from './manifests.js'

/** Answers with a depth to who bears `sesame`. */
async function depthServer (): Promise<string> {
  const server = createServer((request, response) => response.writeHead(request.headers.authorization === 'Bearer sesame' ? 200 : 401).end('{"depth": 8}'))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => { server.closeAllConnections(); server.close() })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

test('on one machine credentials come from files below the root too; what only a cluster has is refused by name', async () => {
  const url = await depthServer()
  const scene = new Scene()
  const root = scene.path('auth')
  mkdirSync(root)
  writeFileSync(`${root}/login.json`, '{"token": "sesame"}')
  const by = (name: string): Readonly<Record<string, unknown>> => ({ type: 'metrics-api', metadata: { url, valueLocation: 'depth', targetValue: '4', authMode: 'bearer' }, authenticationRef: { name, kind: 'ClusterTriggerAuthentication' } })
  const authentication = (name: string, spec: object): object => ({ apiVersion: 'keda.sh/v1alpha1', kind: 'ClusterTriggerAuthentication', metadata: { name }, spec })
  scene.write('a.yaml',
    deployment('filed', 'function', { OUT: scene.out }), scaledObject('filed', [by('file')], { pollingInterval: 1 }), authentication('file', { filePath: 'login.json' }),
    deployment('bound', 'function', { OUT: scene.out }), scaledObject('bound', [by('token')], { pollingInterval: 1 }), authentication('token', { boundServiceAccountToken: [{ parameter: 'token', serviceAccountName: 'reader' }] }))
  const run = await scene.run({ args: ['--filepath-auth-root-path', root] })
  await run.statusUntil('ScaledObject', 'filed', s => s.scaling?.current.ready === 2)
  const bound = await run.statusUntil('ScaledObject', 'bound', s => s.conditions.some(c => c.type === 'Ready' && c.status === 'False'))
  expect(bound.conditions.find(c => c.type === 'Ready')?.message).toContain('TG_CONFIG_NOT_LOCAL')
  expect(bound.scaling?.current.spec).toBe(0)
})
