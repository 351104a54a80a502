import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { workloadToken } from '../../src/brokers/azure-identity.js'
import { tidegateError } from '../../src/plugin/testing/index.js'

interface Asked { readonly path: string, readonly form: URLSearchParams }

/** Gives every request the same answer, and remembers what was asked. */
async function authority (status: number, answer: unknown): Promise<{ host: string, asked: Asked[] }> {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      asked.push({ path: request.url ?? '', form: new URLSearchParams(Buffer.concat(chunks).toString()) })
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer))
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => { server.closeAllConnections(); server.close() })
  return { host: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
}

async function tokenFile (text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-token-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const file = join(folder, 'token')
  await writeFile(file, text)
  return file
}

const workload = { provider: 'azure-workload' }
const scope = 'https://storage.azure.com/.default'

test('the federated token is exchanged, and read anew each time', async () => {
  const { host, asked } = await authority(200, { access_token: 'granted', expires_in: 3600 })
  const file = await tokenFile('federated-1\n')
  const tokens = workloadToken({ ...workload, identityId: 'other-client' }, { clientId: 'client', tenantId: 'tenant', tokenFile: file, authorityHost: host }, 'http://127.0.0.1:1', () => 5000)
  expect(await tokens.getToken(scope)).toEqual({ token: 'granted', expiresOnTimestamp: 3_605_000 })
  await writeFile(file, 'federated-2')
  await tokens.getToken([scope])
  expect(asked.map(a => [a.path, a.form.get('client_assertion'), a.form.get('client_id'), a.form.get('scope'), a.form.get('grant_type')])).toEqual([
    ['/tenant/oauth2/v2.0/token', 'federated-1', 'other-client', scope, 'client_credentials'],
    ['/tenant/oauth2/v2.0/token', 'federated-2', 'other-client', scope, 'client_credentials'],
  ])
})

test('a refusal says why and does not show the token', async () => {
  const { host } = await authority(400, { error: 'invalid_client', error_description: 'AADSTS700016: no such application' })
  const tokens = workloadToken(workload, { clientId: 'client', tenantId: 'tenant', tokenFile: await tokenFile('federated-secret') }, host, () => 0)
  const error = await tidegateError('the token', tokens.getToken(scope))
  expect([error.code, error.message]).toEqual(['TG_SOURCE_REFUSED', expect.stringContaining('invalid_client: AADSTS700016')])
  expect(String(error.stack)).not.toContain('federated-secret')
})

test('without an identity of the platform the error says how to get one', async () => {
  const error = await tidegateError('the token', workloadToken(workload, undefined, 'http://127.0.0.1:1', () => 0).getToken(scope))
  expect([error.code, error.hint]).toEqual(['TG_SOURCE_REFUSED', expect.stringContaining('azure.workload.identity/use')])
})

test('an authority that is away is another thing than one that refuses', async () => {
  const platform = { clientId: 'client', tenantId: 'tenant', tokenFile: await tokenFile('federated') }
  expect(await tidegateError('the token', workloadToken(workload, platform, 'http://127.0.0.1:1', () => 0).getToken(scope))).toMatchObject({ code: 'TG_SOURCE_UNREACHABLE' })
})
