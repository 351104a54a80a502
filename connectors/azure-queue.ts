import { encodings, eventOf, textOf } from '../src/brokers/azure-message.js'
import { azureQueueConnection, azureQueueIdentities, checkAzureQueue, openQueue, queueKey } from '../src/brokers/azure-queue.js'
import { receiveFrom } from '../src/brokers/azure-receive.js'
import { boolean, defineConnector, duration, object, oneOf, spec, TidegateError, type Violation } from '../src/plugin/index.js'

/** Looks of several users of one queue that fall into the same second are one question. */
const freshMs = 1000

export const azureQueue = defineConnector({
  type: 'azure-queue',
  sourceKey: 'azureQueue',
  title: 'Azure Storage queue',
  summary: 'Takes messages of an Azure Storage queue.',
  since: '0.1.0',
  stability: 'beta',
  guarantees: { delivery: 'at-least-once', redelivery: 'broker', delayedRetry: true, order: 'none' },
  defaultsKey: 'azureQueue',
  deadLetterDefault: ({ queueName }) => ({ queueName: poisonOf(String(queueName)) }),

  config: spec({
    ...azureQueueConnection,
    encoding: oneOf(encodings, { summary: 'How bytes are written in a message: Auto reads base64 of text as that text and all else as it stands.', default: 'Auto' }),
    visibilityTimeout: duration({ summary: 'For how long a message in hand is hidden from others; renewed while the function works.', default: '30s', min: '1s', max: '168h' }),
    poll: object({
      min: duration({ summary: 'Pause after an empty look that follows a message.', default: '100ms', min: '10ms' }),
      max: duration({ summary: 'Longest pause while nothing comes.', default: '10s', min: '10ms' }),
    }, { summary: 'How often an empty queue is looked at: fast after activity, then slower and slower.', default: {}, checks: [checkPoll] }),
    createIfMissing: boolean({ summary: 'Creates the queue when it does not exist.', default: false }),
  }, { checks: [checkAzureQueue], identities: azureQueueIdentities }),

  async open (config, kit) {
    const lease = await openQueue(config, kit)
    const queue = lease.value
    const backlog = (signal: AbortSignal): Promise<number> => kit.ask(`${queueKey(config)}|all`, freshMs, s => queue.approximateCount(s), signal)
    const never = new AbortController().signal
    try {
      if (config.createIfMissing) await queue.createIfMissing(never)
      else await queue.approximateCount(never)
    } catch (error) {
      await lease.release()
      throw error
    }
    const receiver = receiveFrom(queue, {
      visibilityMs: config.visibilityTimeout, pollMs: config.poll, toEvent: message => eventOf(message, config.encoding, queue.url),
    }, kit)
    let closed: Promise<void> | undefined
    return {
      receive: (signal, capacity) => receiver.receive(signal, capacity),
      backlog,
      async publish (event, destination, signal) {
        const place = queue.sibling(destinationQueue(destination, config.queueName))
        const text = textOf(event.data, config.encoding)
        await place.createIfMissing(signal)
        await place.send(text, signal)
      },
      close: () => closed ??= receiver.handBack().finally(() => lease.release()),
    }
  },

  examples: [{
    title: 'Every message of a queue',
    yaml: 'queueName: orders\nconnectionFromEnv: AzureWebJobsStorage',
  }, {
    title: 'Workers that take minutes, messages in base64',
    yaml: 'queueName: pictures\nconnectionFromEnv: AzureWebJobsStorage\nvisibilityTimeout: 5m\nencoding: Base64',
  }],
})

/** Where the Azure Functions host puts them. */
const poisonOf = (queueName: string): string => `${queueName}-poison`

/** The poison queue of the source unless another is named. */
function destinationQueue ({ queueName, ...rest }: Readonly<Record<string, unknown>>, source: string): string {
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw new TidegateError('TG_CONFIG_UNKNOWN_FIELD', `dead letter destination azureQueue has no field ${unknown}`, { hint: 'known: queueName' })
  if (queueName === undefined) return poisonOf(source)
  if (typeof queueName !== 'string' || queueName === '') throw new TidegateError('TG_CONFIG_INVALID', 'queueName of the dead letter destination must be a name')
  return queueName
}

function checkPoll ({ min, max }: { readonly min: number, readonly max: number }): readonly Violation[] {
  return min > max ? [{ field: 'max', message: 'is shorter than min' }] : []
}
