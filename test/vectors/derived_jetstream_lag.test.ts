import { expect } from 'vitest'
import { answering, lagFor, poll, type Polled, type Servers } from './jetstream-poll.js'
import { testVectors } from './support.js'

interface Given { triggerMetadata: Readonly<Record<string, string>>, polls: readonly { servers?: Servers, pollServers?: Servers }[] }
interface Expect { polls: readonly Polled[] }

testVectors<Given, Expect>('derived_jetstream_lag', async ({ given, expect: wanted }) => {
  const { lag, activation } = lagFor(given.triggerMetadata)
  let servers: Servers = {}
  for (const [i, step] of given.polls.entries()) {
    servers = step.pollServers ?? step.servers ?? servers
    expect(await poll(lag, activation, answering(servers)), `poll ${i}`).toMatchObject(wanted.polls[i] ?? {})
  }
})
