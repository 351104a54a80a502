import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Run } from './harness.js'

let home: string
beforeAll(async () => { home = await mkdtemp(join(tmpdir(), 'tidegate-home-')) })
afterAll(async () => { await rm(home, { recursive: true }) })

async function ended (...args: readonly string[]): Promise<{ readonly code: number | null, readonly lines: readonly string[] }> {
  const run = new Run(['operator', '--port', '0', ...args], { HOME: home, KUBECONFIG: '' })
  const code = await run.exited
  return { code, lines: run.log.map(l => l.msg).filter(msg => msg !== '(the program ended)') }
}

test('an operator without a kubeconfig says so in one line and ends', async () => {
  expect(await ended()).toEqual({ code: 1, lines: [expect.stringMatching(/^error TG_CONFIG_INVALID no kubeconfig found: /)] })
})

test('outside of a pod it wants to be told by which lease operators agree', async () => {
  const kubeconfig = join(home, 'kubeconfig')
  await writeFile(kubeconfig, JSON.stringify({
    apiVersion: 'v1', kind: 'Config', 'current-context': 'c', contexts: [{ name: 'c', context: { cluster: 'c', user: 'u', namespace: 'orders' } }],
    clusters: [{ name: 'c', cluster: { server: 'https://127.0.0.1:1' } }], users: [{ name: 'u', user: { token: 't' } }],
  }))
  expect(await ended('--kubeconfig', kubeconfig)).toEqual({ code: 2, lines: [expect.stringMatching(/^error TG_USAGE .*--lease-namespace NAME.* or --shadow/)] })
})
