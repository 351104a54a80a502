import { expect } from 'vitest'
import { natsJetstream } from '../../scalers/nats-jetstream.js'
import { atHost, atNode, jszUrl, varzUrl } from '../../src/brokers/nats-monitoring.js'
import { parseConfig } from '../../src/spec/index.js'
import { testVectors } from './support.js'

type Text = Readonly<Record<string, string>>
type Given =
  | { kind: 'parse_metadata' | 'new_scaler', triggerMetadata: Text, authParams?: Text }
  | { kind: 'metric_name', triggerIndex: number, triggerMetadata: Text, authParams?: Text }
  | { kind: 'monitoring_url', useHttps: boolean, natsServerMonitoringEndpoint: string, accountID: string }
  | { kind: 'node_url', mode: 'byAddress' | 'byNodeName', node: string, triggerMetadata?: Text, monitoringUrl?: string }
  | { kind: 'server_url', node: string, triggerMetadata?: Text, monitoringUrl?: string }
interface Expect { ok?: boolean, metricName?: string, url?: string, urlPrefix?: string, hostPrefix?: string, parsedQuery?: Text }

testVectors<Given, Expect>('nats_jetstream', ({ given, expect: wanted }) => {
  switch (given.kind) {
    case 'parse_metadata':
    case 'new_scaler':
      expect(parse(given).ok, JSON.stringify(parse(given).problems)).toBe(wanted.ok)
      break
    case 'metric_name': {
      const parsed = parse(given)
      expect(parsed.ok ? `s${given.triggerIndex}-${natsJetstream.measure(parsed.value).name}` : parsed.problems).toBe(wanted.metricName)
      break
    }
    case 'monitoring_url':
      expectUrl(jszUrl({ endpoint: given.natsServerMonitoringEndpoint, useHttps: given.useHttps, account: undefined, accountID: given.accountID }), wanted)
      break
    case 'node_url': {
      const ask = (): string => (given.mode === 'byAddress' ? atHost : atNode)(baseOf(given), given.node)
      if (wanted.ok === false) expect(ask).toThrow()
      else expectUrl(ask(), wanted)
      break
    }
    case 'server_url': {
      const ask = (): string => varzUrl(given.node === '' ? baseOf(given) : atHost(baseOf(given), given.node))
      if (wanted.ok === false) expect(ask).toThrow()
      else expectUrl(ask(), wanted)
      break
    }
  }
})

function parse ({ triggerMetadata, authParams = {} }: { triggerMetadata: Text, authParams?: Text }) {
  return parseConfig(natsJetstream.config, { metadata: triggerMetadata, auth: authParams }, { path: [], mode: 'text', unknownKeys: 'warning', about: '"nats-jetstream"' })
}

function baseOf ({ monitoringUrl, triggerMetadata = {} }: { monitoringUrl?: string, triggerMetadata?: Text }): string {
  if (monitoringUrl !== undefined) return monitoringUrl
  const { natsServerMonitoringEndpoint: endpoint = '', useHttps, account, accountID } = triggerMetadata
  return jszUrl({ endpoint, useHttps: useHttps === 'true', account, accountID })
}

function expectUrl (url: string, { url: exact, urlPrefix, hostPrefix, parsedQuery }: Expect): void {
  if (exact !== undefined) expect(url).toBe(exact)
  if (urlPrefix !== undefined) expect(url.startsWith(urlPrefix), url).toBe(true)
  if (hostPrefix !== undefined) expect(new URL(url).host.startsWith(hostPrefix), url).toBe(true)
  if (parsedQuery !== undefined) expect(Object.fromEntries(new URL(url).searchParams)).toEqual(parsedQuery)
}
