import { expect, test } from 'vitest'
import { ServiceAccountTokens } from '../../src/kube/service-account-tokens.js'
import { ManualClock } from '../fakes/manual-clock.js'
import { failure, ScriptedApi } from './api-server.js'

const usual = 40_000
const refused = 1_000

async function setup () {
  const api = new ScriptedApi()
  const clock = new ManualClock()
  let issued = 0
  api.script = () => ({ status: 201, body: { metadata: {}, status: { token: `token-${++issued}`, expirationTimestamp: new Date(clock.now() + 3_600_000).toISOString() } } })
  return { api, clock, tokens: new ServiceAccountTokens(await api.start(), clock) }
}

test('a token is asked for once by all who use it, and anew before it expires', async () => {
  const { api, clock, tokens } = await setup()
  expect(await Promise.all([tokens.get('n', 'reader', usual), tokens.get('n', 'reader', usual)])).toEqual(['token-1', 'token-1'])
  expect(api.asked).toMatchObject([{ method: 'POST', path: '/api/v1/namespaces/n/serviceaccounts/reader/token', body: { spec: { expirationSeconds: 3600 } } }])
  await clock.advance(2_879_000)
  expect(await tokens.get('n', 'reader', usual)).toBe('token-1')
  await clock.advance(2_000)
  expect(await Promise.all([tokens.get('n', 'reader', usual), tokens.get('n', 'reader', usual)])).toEqual(['token-2', 'token-2'])
})

test('a token that was refused is replaced, once for all who were refused together', async () => {
  const { clock, tokens } = await setup()
  await tokens.get('n', 'reader', usual)
  await clock.advance(5_000)
  expect(await tokens.get('n', 'reader', refused)).toBe('token-2')
  await clock.advance(500)
  expect(await tokens.get('n', 'reader', refused)).toBe('token-2')
})

test('no such account, no right to it, no answer: each is another outcome, and none is kept', async () => {
  const { api, clock, tokens } = await setup()
  const good = api.script
  api.script = () => failure(404, 'NotFound')
  expect(await tokens.get('n', 'reader', usual)).toBeUndefined()
  await clock.advance(41_000)
  api.script = () => failure(403, 'Forbidden')
  await expect(tokens.get('n', 'reader', usual)).rejects.toMatchObject({ code: 'TG_REF_FORBIDDEN' })
  api.script = () => failure(400, 'BadRequest')
  await expect(tokens.get('n', 'reader', usual)).rejects.toMatchObject({ status: 400 })
  api.script = good
  expect(await tokens.get('n', 'reader', usual)).toBe('token-1')
})
