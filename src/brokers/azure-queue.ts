import type { QueueClient, QueueServiceClient, StoragePipelineOptions } from '@azure/storage-queue'
import { keyOf, secret, string, TidegateError, type Identity, type Kit, type Lease, type Secret, type Violation } from '../plugin/index.js'
import { activeDirectoryEndpoint, cloudNames, storageSuffix } from './azure-cloud.js'
import { callQueue } from './azure-errors.js'
import { workloadToken, type TokenSource } from './azure-identity.js'

/** How a queue is reached: KEDA's keys. */
export const azureQueueConnection = {
  queueName: string({ summary: 'Name of the queue.', example: 'orders', minLength: 1 }),
  connection: secret({ summary: 'Connection string of the storage account.', optional: true, from: ['auth', 'metadata', 'env'], example: 'UseDevelopmentStorage=true' }),
  accountName: string({ summary: 'Storage account, with pod identity azure-workload.', optional: true, example: 'contoso' }),
  cloud: string({ summary: `Which Azure, with pod identity: ${cloudNames.join(', ')}.`, default: 'AzurePublicCloud' }),
  endpointSuffix: string({ summary: 'Host behind the account name, with cloud Private; ignored with any other.', optional: true, example: 'queue.core.example.net' }),
}

export interface AzureQueueConnection {
  readonly queueName: string
  readonly connection: Secret | undefined
  readonly accountName: string | undefined
  readonly cloud: string
  readonly endpointSuffix: string | undefined
  readonly identity: Identity | undefined
}

export const azureQueueIdentities = ['azure-workload']

/** Rules over the connection's fields. */
export function checkAzureQueue (config: AzureQueueConnection, given: (name: string) => boolean): readonly Violation[] {
  const suffix = storageSuffix('queue', { cloud: config.cloud, own: config.endpointSuffix })
  return [
    ...(suffix.ok ? [] : [{ field: 'cloud', message: suffix.problem, hint: `known: ${cloudNames.join(', ')}` }]),
    ...(config.identity === undefined && !given('connection')
      ? [{ field: 'connection', message: 'is required without a pod identity', hint: 'give connectionFromEnv (a variable of the target\'s container), parameter connection of a TriggerAuthentication, or podIdentity azure-workload with accountName' }]
      : []),
    ...(config.identity !== undefined && !given('accountName') ? [{ field: 'accountName', message: 'is required with pod identity azure-workload' }] : []),
  ]
}

/** A message in hand. `popReceipt` changes with every renewal. */
export interface QueueMessage {
  readonly id: string
  readonly popReceipt: string
  readonly text: string
  readonly dequeueCount: number
  readonly insertedOn: Date
  readonly expiresOn: Date
}

/** One queue. What fails rejects with a TidegateError that names queue, account and host; an aborted signal with its own reason. */
export interface AzureQueue {
  readonly url: string
  /** All that was not deleted, invisible messages too. */
  approximateCount(signal: AbortSignal): Promise<number>
  /** Messages that could be received now; looks no further than 32. */
  peekCount(signal: AbortSignal): Promise<number>
  /** At most 32. */
  receive(count: number, visibilityMs: number, signal: AbortSignal): Promise<readonly QueueMessage[]>
  /** Hides the message for this long from now; the new receipt, undefined when it is no longer ours. */
  hide(message: Pick<QueueMessage, 'id' | 'popReceipt'>, visibilityMs: number, signal: AbortSignal): Promise<string | undefined>
  /** False when it is no longer ours. */
  delete(message: Pick<QueueMessage, 'id' | 'popReceipt'>, signal: AbortSignal): Promise<boolean>
  /** Stored when it resolves; kept until it is deleted. */
  send(text: string, signal: AbortSignal): Promise<void>
  createIfMissing(signal: AbortSignal): Promise<void>
  /** Another queue of the same account. */
  sibling(name: string): AzureQueue
}

/** Most messages that one call receives or peeks. */
export const mostPerCall = 32
/** A poller that waits for the SDK's own four tries is 16 s late. */
const pipeline: StoragePipelineOptions = { retryOptions: { maxTries: 2, retryDelayInMs: 200 } }

/** The key of a question about this queue, for `kit.ask`. */
export const queueKey = (config: AzureQueueConnection): string => `${accountKey(config)}|${config.queueName}`

const accountKey = ({ connection, accountName, cloud, endpointSuffix, identity }: AzureQueueConnection): string => identity === undefined
  ? keyOf('azure-queue', connection)
  : keyOf('azure-queue', accountName, cloud, endpointSuffix, identity.provider, identity.identityId, identity.identityTenantId, identity.identityAuthorityHost)

/** A lease on one client per account and credential. Waits for nothing: a dead account is found by the first call. */
export async function openQueue (config: AzureQueueConnection, kit: Kit): Promise<Lease<AzureQueue>> {
  const lease = await kit.share(accountKey(config), async () => {
    const service = await makeService(config, kit)
    return { value: service, close: () => Promise.resolve() } // keep-alive sockets close by themselves and hold no process open
  })
  return { value: queueOf(lease.value, config.queueName, kit), release: () => lease.release() }
}

async function makeService (config: AzureQueueConnection, kit: Kit): Promise<QueueServiceClient> {
  const { QueueServiceClient } = await import('@azure/storage-queue')
  if (config.identity !== undefined) return new QueueServiceClient(accountUrl(config), tokenFor(config, config.identity, kit), pipeline)
  try {
    return QueueServiceClient.fromConnectionString(config.connection?.reveal() ?? '', pipeline)
  } catch {
    // The SDK's own message may quote the text, and the text is a secret.
    throw new TidegateError('TG_CONFIG_INVALID', `connection of azure queue "${config.queueName}" is no storage connection string`,
      { hint: 'it looks like DefaultEndpointsProtocol=https;AccountName=...;AccountKey=...;EndpointSuffix=core.windows.net' })
  }
}

function accountUrl ({ accountName, cloud, endpointSuffix }: AzureQueueConnection): string {
  const suffix = storageSuffix('queue', { cloud, own: endpointSuffix })
  if (!suffix.ok) throw new TidegateError('TG_CONFIG_INVALID', suffix.problem)
  return `https://${accountName ?? ''}.${suffix.value}`
}

function tokenFor ({ cloud }: AzureQueueConnection, identity: Identity, kit: Kit): TokenSource {
  const authority = activeDirectoryEndpoint({ cloud })
  return workloadToken(identity, kit.workloadIdentity, authority.ok ? authority.value : 'https://login.microsoftonline.com/', () => kit.clock.now())
}

function queueOf (service: QueueServiceClient, name: string, kit: Kit): AzureQueue {
  const client: QueueClient = service.getQueueClient(name)
  const place = { queue: name, account: client.accountName, host: new URL(client.url).host }
  const call = callQueue(place, kit.clock)
  const seconds = (ms: number): number => Math.ceil(ms / 1000) // the service counts whole seconds; never sooner than asked for
  return {
    url: withoutQuery(client.url),
    approximateCount: signal => call('could not count', signal, async abortSignal => (await client.getProperties({ abortSignal })).approximateMessagesCount ?? 0),
    peekCount: signal => call('could not peek into', signal, async abortSignal => (await client.peekMessages({ numberOfMessages: mostPerCall, abortSignal })).peekedMessageItems.length),
    receive: (count, visibilityMs, signal) => call('could not receive from', signal, async abortSignal => {
      const numberOfMessages = Math.min(mostPerCall, count)
      const { receivedMessageItems } = await client.receiveMessages({ numberOfMessages, visibilityTimeout: seconds(visibilityMs), abortSignal })
      return receivedMessageItems.map(m => ({ id: m.messageId, popReceipt: m.popReceipt, text: m.messageText, dequeueCount: m.dequeueCount, insertedOn: m.insertedOn, expiresOn: m.expiresOn }))
    }),
    hide: (message, visibilityMs, signal) => call.unlessLost('could not keep a message of', signal, async abortSignal =>
      (await client.updateMessage(message.id, message.popReceipt, undefined, seconds(visibilityMs), { abortSignal })).popReceipt),
    delete: async (message, signal) => await call.unlessLost('could not delete a message of', signal, async abortSignal => {
      await client.deleteMessage(message.id, message.popReceipt, { abortSignal })
      return true
    }) ?? false,
    send: (text, signal) => call('could not send to', signal, async abortSignal => { await client.sendMessage(text, { messageTimeToLive: -1, abortSignal }) }),
    createIfMissing: signal => call('could not create', signal, async abortSignal => { await client.createIfNotExists({ abortSignal }) }),
    sibling: other => queueOf(service, other, kit),
  }
}

/** A shared access signature stands in the query. */
function withoutQuery (address: string): string {
  const { origin, pathname } = new URL(address)
  return origin + pathname
}
