import type { AnyConnector, AnyScaler } from '../registry/registry.js'
import { parseConfig } from '../spec/index.js'
import { isMapping } from '../spec/read.js'

type Facts = readonly (readonly [string, string])[]

/** What the head of a scaler's page says beside what every page says. */
export async function scalerFacts (scaler: AnyScaler): Promise<Facts> {
  const metric = await metricOf(scaler)
  return [
    ['In YAML', `spec.triggers[].type: ${scaler.type}, fields below metadata`],
    ...(metric === undefined ? [] : [['Metric', `${metric} (first example)`] as const]),
    ...defaultsFact(scaler.defaultsKey),
  ]
}

export function connectorFacts (connector: AnyConnector): Facts {
  const { delivery, redelivery, delayedRetry, order } = connector.guarantees
  return [
    ['In YAML', `spec.source.${connector.sourceKey}`],
    ['Guarantee', delivery.replaceAll('-', ' ')],
    ['Redelivery', redelivery === 'broker' ? 'what is not acked comes back by itself, also after a crash' : 'none: what was handed out is not handed out again'],
    ['Retry', delayedRetry ? 'waits in the source' : 'waits in Tidegate'],
    ['Order', order === 'none' ? 'not kept' : order === 'partition' ? 'kept within a partition' : 'kept'],
    ...defaultsFact(connector.defaultsKey),
  ]
}

const defaultsFact = (key: string | undefined): Facts => key === undefined ? [] : [['Defaults', `defaults.${key} in tidegate.yaml`]]

/** The name that the first example's number goes by; undefined where the example needs credentials to be read. */
async function metricOf (scaler: AnyScaler): Promise<string | undefined> {
  const { parse } = await import('yaml')
  const written: unknown = parse(scaler.examples[0].yaml)
  const trigger: unknown = Array.isArray(written) ? written[0] : written
  if (!isMapping(trigger) || !isMapping(trigger['metadata'])) return undefined
  const variables = Object.entries(trigger['metadata']).flatMap(([key, value]) => key.endsWith('FromEnv') ? [String(value)] : [])
  const env = Object.fromEntries(variables.map(variable => [variable, 'UseDevelopmentStorage=true'])) // a stand-in; only the name is wanted
  const parsed = parseConfig(scaler.config, { metadata: trigger['metadata'], env }, { path: [], mode: 'text', unknownKeys: 'error', about: scaler.type })
  return parsed.ok ? scaler.measure(parsed.value).name : undefined
}
