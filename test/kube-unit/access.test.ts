import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { openAccess } from '../../src/kube/api/access.js'
import { ManualClock } from '../fakes/manual-clock.js'

test('a credential that could not be read is asked for again by the next request', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-access-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const [kubeconfig, tokenFile] = [join(folder, 'config'), join(folder, 'token')]
  writeFileSync(kubeconfig, JSON.stringify({
    apiVersion: 'v1', kind: 'Config', 'current-context': 'c', contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }],
    users: [{ name: 'u', user: { 'auth-provider': { name: 'tokenFile', config: { tokenFile } } } }],
  }))
  const access = await openAccess({ kubeconfig, clock: new ManualClock() })
  await expect(access.credential(false)).rejects.toThrow('token')
  writeFileSync(tokenFile, 'first')
  expect((await access.credential(false)).headers).toMatchObject({ Authorization: 'Bearer first' })
})
