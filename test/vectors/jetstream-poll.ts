import { natsJetstream } from '../../scalers/nats-jetstream.js'
import { MonitoredLag, type Ask } from '../../src/brokers/nats-monitoring.js'
import { parseConfig } from '../../src/spec/index.js'

/** Answers of monitoring ports by `host:port`; a host that is not there does not answer. */
export type Servers = Readonly<Record<string, { readonly jsz?: unknown, readonly varz?: unknown }>>

/** The lag reader that the scaler would use for this trigger, and the threshold above which it is active. */
export function lagFor (triggerMetadata: Readonly<Record<string, string>>): { readonly lag: MonitoredLag, readonly activation: number } {
  const parsed = parseConfig(natsJetstream.config, { metadata: triggerMetadata }, { path: [], mode: 'text', unknownKeys: 'warning', about: '"nats-jetstream"' })
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const { natsServerMonitoringEndpoint: endpoint = '' } = parsed.value
  return { lag: new MonitoredLag({ ...parsed.value, endpoint }), activation: natsJetstream.measure(parsed.value).activation }
}

export const answering = (servers: Servers): Ask => async url => {
  const { host, pathname } = new URL(url)
  const answer = servers[host]?.[pathname === '/varz' ? 'varz' : 'jsz']
  if (answer === undefined) throw new Error(`${host} does not answer`)
  return answer
}

export interface Polled { readonly ok: boolean, readonly active: boolean, readonly value?: number, readonly leaderHost?: string }

export async function poll (lag: MonitoredLag, activation: number, ask: Ask): Promise<Polled> {
  try {
    const value = await lag.read(ask)
    return { ok: true, value, active: value > activation, leaderHost: lag.leaderHost ?? '' }
  } catch { return { ok: false, active: false } } // what could not be read is not active, whatever the reason
}
