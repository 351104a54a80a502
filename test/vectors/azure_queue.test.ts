import { expect } from 'vitest'
import { azureQueue, countMessages } from '../../scalers/azure-queue.js'
import { activeDirectoryEndpoint, cloudNamed, cloudValue, storageSuffix, type CloudValue } from '../../src/brokers/azure-cloud.js'
import { parseConfig, type Parsed } from '../../src/spec/index.js'
import { testVectors } from './support.js'

type Text = Readonly<Record<string, string>>
type Given =
  | { kind: 'parse_metadata' | 'metric_name', triggerIndex?: number, triggerMetadata: Text, authParams: Text, resolvedEnv: Text, podIdentity: string }
  | { kind: 'message_count', queueLengthStrategy: 'all' | 'visibleonly', visibleMessages: number, approximateCount: number }
  | { kind: 'endpoint_suffix', storageService: string, triggerMetadata: Text }
  | { kind: 'cloud_property', propertyKey: string, triggerMetadata: Text }
  | { kind: 'ad_endpoint', triggerMetadata: Text }
  | { kind: 'cloud_name', name: string }
interface Expect { ok?: boolean, endpointSuffix?: string, metricName?: string, messageCount?: number, value?: string, activeDirectoryEndpoint?: string, cloud?: string }

testVectors<Given, Expect>('azure_queue', async ({ given, expect: wanted }) => {
  switch (given.kind) {
    case 'parse_metadata': {
      const parsed = parse(given)
      expect(parsed.ok, JSON.stringify(parsed.problems)).toBe(wanted.ok)
      if (parsed.ok && wanted.endpointSuffix !== undefined) {
        expect(storageSuffix('queue', { cloud: parsed.value.cloud, own: parsed.value.endpointSuffix })).toEqual({ ok: true, value: wanted.endpointSuffix })
      }
      break
    }
    case 'metric_name': {
      const parsed = parse(given)
      expect(parsed.ok ? `s${given.triggerIndex ?? 0}-${azureQueue.measure(parsed.value).name}` : parsed.problems).toBe(wanted.metricName)
      break
    }
    case 'message_count': {
      const queue = { approximateCount: async () => given.approximateCount, peekCount: async () => Math.min(32, given.visibleMessages) }
      expect(await countMessages(queue, given.queueLengthStrategy, new AbortController().signal)).toBe(wanted.messageCount)
      break
    }
    case 'endpoint_suffix':
      expectValue(storageSuffix(given.storageService, { cloud: given.triggerMetadata['cloud'], own: given.triggerMetadata['endpointSuffix'] }), wanted.ok, wanted.endpointSuffix)
      break
    case 'cloud_property': {
      const choice = { cloud: given.triggerMetadata['cloud'], own: given.triggerMetadata[given.propertyKey] }
      expectValue(cloudValue(choice, given.propertyKey, c => c.name === 'AzureUSGovernmentCloud' ? undefined : `${c.name}.suffix`), wanted.ok, wanted.value)
      break
    }
    case 'ad_endpoint':
      expectValue(activeDirectoryEndpoint({ cloud: given.triggerMetadata['cloud'], own: given.triggerMetadata['activeDirectoryEndpoint'] }), wanted.ok, wanted.activeDirectoryEndpoint)
      break
    case 'cloud_name':
      expect(cloudNamed(given.name)?.name).toBe(wanted.cloud)
      break
  }
})

type Config = typeof azureQueue.config extends { type?: infer C } ? NonNullable<C> : never

function parse (given: Given & { kind: 'parse_metadata' | 'metric_name' }): Parsed<Config> {
  return parseConfig(azureQueue.config, {
    metadata: given.triggerMetadata, auth: given.authParams, env: given.resolvedEnv, identity: { provider: given.podIdentity },
  }, { path: [], mode: 'text', unknownKeys: 'warning', about: '"azure-queue"' })
}

function expectValue (found: CloudValue, ok: boolean | undefined, value: string | undefined): void {
  expect(found.ok).toBe(ok)
  if (found.ok) expect(found.value).toBe(value)
}
