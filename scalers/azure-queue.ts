import { azureQueueConnection, azureQueueIdentities, checkAzureQueue, mostPerCall, openQueue, queueKey, type AzureQueue } from '../src/brokers/azure-queue.js'
import { defineScaler, integer, normalizeMetricName, oneOf, spec } from '../src/plugin/index.js'

const strategies = ['all', 'visibleonly'] as const

/** Looks of objects on one queue that fall into the same second are one question. */
const freshMs = 1000

export const azureQueue = defineScaler({
  type: 'azure-queue',
  title: 'Azure Storage queue',
  summary: 'Scales on the number of messages in an Azure Storage queue.',
  since: '0.1.0',
  stability: 'beta',

  config: spec({
    ...azureQueueConnection,
    queueLength: integer({ summary: 'Messages one replica is meant to hold.', default: 5, min: 1 }),
    activationQueueLength: integer({ summary: 'Messages above which a sleeping target wakes.', default: 0 }),
    queueLengthStrategy: oneOf(strategies, { summary: 'Count all messages, or those that are visible: exact below 32, all from there on.', default: 'all' }),
  }, { checks: [checkAzureQueue], identities: azureQueueIdentities }),

  measure: c => ({
    name: normalizeMetricName(`azure-queue-${c.queueName}`), target: c.queueLength, activation: c.activationQueueLength, metricType: 'AverageValue',
  }),

  async open (config, kit, measured) {
    const queue = await openQueue(config, kit)
    const key = `${queueKey(config)}|${config.queueLengthStrategy}`
    let closed: Promise<void> | undefined
    return {
      read: async signal => measured(await kit.ask(key, freshMs, s => countMessages(queue.value, config.queueLengthStrategy, s), signal)),
      close: () => closed ??= queue.release(),
    }
  },

  examples: [{
    title: 'One replica for every five messages',
    yaml: 'type: azure-queue\nmetadata: {queueName: orders, queueLength: "5", connectionFromEnv: AzureWebJobsStorage}',
  }],
})

/** A peek sees no more than 32 messages: as many as that may be more, and only the approximate count knows. */
export async function countMessages (queue: Pick<AzureQueue, 'approximateCount' | 'peekCount'>, strategy: typeof strategies[number], signal: AbortSignal): Promise<number> {
  if (strategy === 'visibleonly') {
    const visible = await queue.peekCount(signal)
    if (visible < mostPerCall) return visible
  }
  return await queue.approximateCount(signal)
}
