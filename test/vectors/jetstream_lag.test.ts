import { expect } from 'vitest'
import { errorMessage } from '../../src/core/errors.js'
import { lagOf, type Ask, type MonitoredStream } from '../../src/brokers/nats-monitoring.js'
import { lagFor, poll } from './jetstream-poll.js'
import { testVectors } from './support.js'

type Text = Readonly<Record<string, string>>
type Given =
  | { kind: 'poll', triggerMetadata: Text, jsz: unknown, varz?: unknown }
  | { kind: 'lag_of_stream', triggerMetadata: Text, stream: MonitoredStream }
interface Expect { ok: boolean, active?: boolean, value?: number, errorMentions?: readonly string[] }

testVectors<Given, Expect>('jetstream_lag', async ({ given, expect: wanted }) => {
  switch (given.kind) {
    case 'poll': {
      const { lag, activation } = lagFor(given.triggerMetadata)
      const { ok, active, value } = await poll(lag, activation, mock(given))
      expect({ ok, active }).toEqual({ ok: wanted.ok, active: wanted.active })
      if (wanted.ok && wanted.value !== undefined) expect(value).toBe(wanted.value)
      break
    }
    case 'lag_of_stream': {
      const ask = (): number => lagOf(given.stream, given.triggerMetadata['consumer'] ?? '')
      if (wanted.ok) { expect(ask()).toBe(wanted.value); break }
      const message = thrownBy(ask)
      for (const word of wanted.errorMentions ?? []) expect(message).toContain(word)
      break
    }
  }
})

/** The Go test's server: a node that is not the leader knows no stream. */
const mock = ({ jsz, varz }: { jsz: unknown, varz?: unknown }): Ask => async url => {
  const { hostname, pathname } = new URL(url)
  if (pathname === '/varz') return varz ?? {}
  return hostname.endsWith('.localhost') && !hostname.startsWith('leader.') ? {} : jsz
}

function thrownBy (ask: () => unknown): string {
  try { ask() } catch (error) { return errorMessage(error) }
  throw new Error('nothing was thrown')
}
