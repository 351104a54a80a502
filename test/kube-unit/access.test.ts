import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openAccess } from '../../src/kube/access.js'
import { ManualClock } from '../fakes/manual-clock.js'

describe('access to a cluster', () => {
  let home: string
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), 'tidegate-access-'))
    vi.stubEnv('HOME', home)
    vi.stubEnv('KUBECONFIG', '')
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    await rm(home, { recursive: true })
  })

  test('without a kubeconfig it says where it looked, instead of trying a server that nobody has', async () => {
    await expect(openAccess({ clock: new ManualClock() })).rejects.toMatchObject({
      code: 'TG_CONFIG_INVALID', hint: 'give one with --kubeconfig',
      message: `no kubeconfig found: KUBECONFIG is not set, there is no ${join(home, '.kube', 'config')}, and this is no pod`,
    })
  })

  test('a server without TLS is refused at once, not at each request', async () => {
    await expect(openAccess({ kubeconfig: await written(home, 'http://10.0.0.1:6443'), clock: new ManualClock() })).rejects.toMatchObject({
      code: 'TG_CONFIG_INVALID', message: 'the kubeconfig has the server http://10.0.0.1:6443: a credential is not sent without TLS',
    })
  })

  test('a kubeconfig makes no pod of us', async () => {
    await expect(openAccess({ kubeconfig: await written(home, 'https://10.0.0.1:6443'), clock: new ManualClock() }))
      .resolves.toMatchObject({ isPod: false, namespace: 'orders', server: new URL('https://10.0.0.1:6443') })
  })
})

async function written (folder: string, server: string): Promise<string> {
  const file = join(folder, 'kubeconfig')
  await writeFile(file, JSON.stringify({
    apiVersion: 'v1', kind: 'Config', 'current-context': 'c',
    clusters: [{ name: 'c', cluster: { server } }], users: [{ name: 'u', user: { token: 't' } }],
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace: 'orders' } }],
  }))
  return file
}
