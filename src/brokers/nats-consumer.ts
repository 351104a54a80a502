import { errorCode, errorMessage, formatDuration, TidegateError, type Log } from '../plugin/index.js'
import { filtersOf, type ConsumerConfig, type ConsumerInfo, type JetStreamApi } from './nats-api.js'

/** The durable consumer that a Trigger wants. */
export interface WantedConsumer {
  readonly stream: string | undefined
  /** Empty: everything in the stream. */
  readonly subjects: readonly string[]
  readonly consumer: string
  readonly manage: 'Managed' | 'Existing'
  readonly startFrom: StartFrom
  readonly ackWaitMs: number
  readonly maxAckPending: number
  /** Said in the consumer's description, for people who look at the broker. */
  readonly owner: string
}
export interface StartFrom { readonly policy?: 'All' | 'New' | 'Last' | 'LastPerSubject' | undefined, readonly time?: string | undefined, readonly sequence?: number | undefined }

/**
 * The consumer as it is now in the broker: read first, then made or changed where it is ours to manage.
 * A start position is taken when the consumer is made, and never again. Rejects with TG_SOURCE_NOT_FOUND where the stream or an
 * `Existing` consumer is missing, and TG_CONFIG_CONFLICT where the consumer cannot promise that nothing is lost.
 */
export async function ensureConsumer (api: JetStreamApi, wanted: WantedConsumer): Promise<ConsumerInfo> {
  const stream = wanted.stream ?? await streamOf(api, wanted.subjects)
  const present = await existing(api, stream, wanted)
  if (present === undefined) return api.createConsumer(stream, { ...settings(wanted), ...startPosition(wanted.startFrom) })
  refuseUnfit(present)
  if (wanted.manage === 'Existing' || isAsWanted(present.config, wanted)) return present
  const { filter_subject: _filter, filter_subjects: _filters, ...kept } = present.config
  return api.updateConsumer(stream, { ...kept, ...settings(wanted) })
}

/** The one stream that takes all these subjects. */
async function streamOf (api: JetStreamApi, subjects: readonly string[]): Promise<string> {
  const found = new Set<string>()
  for (const subject of subjects) {
    const streams = await api.streamsOf(subject)
    if (streams.length === 0) {
      throw new TidegateError('TG_SOURCE_NOT_FOUND', `no stream takes the subject "${subject}"`, { hint: `make one first: nats stream add NAME --subjects "${subject}"` })
    }
    for (const name of streams) found.add(name)
  }
  const [stream, ...others] = found
  if (stream === undefined || others.length > 0) {
    throw new TidegateError('TG_CONFIG_CONFLICT', `the subjects ${subjects.join(', ')} are spread over the streams ${[...found].join(', ')}`, { hint: 'name one stream, or write one Trigger for each' })
  }
  return stream
}

async function existing (api: JetStreamApi, stream: string, { consumer, manage }: WantedConsumer): Promise<ConsumerInfo | undefined> {
  try { return await api.consumerInfo(stream, consumer) } catch (error) {
    if (manage === 'Existing' || errorCode(error, 'TG_INTERNAL') !== 'TG_SOURCE_NOT_FOUND') throw error
    await api.streamInfo(stream) // says it when it is the stream that is missing
    return undefined
  }
}

function refuseUnfit ({ config, name, stream_name: stream }: ConsumerInfo): void {
  const refuse = (why: string, hint: string): never => { throw new TidegateError('TG_CONFIG_CONFLICT', `consumer "${name}" of stream "${stream}" ${why}`, { hint }) }
  if (config.deliver_subject !== undefined) refuse('is a push consumer', 'name a pull consumer, or another name to have one made')
  if (config.ack_policy !== 'explicit') refuse(`has ack policy ${config.ack_policy ?? 'none'}`, 'events are acked one by one: it needs ack policy explicit')
  if ((config.max_deliver ?? -1) > 0) {
    refuse(`gives an event up after ${config.max_deliver} hand-outs, without a trace`, `remove the limit: nats consumer edit ${stream} ${name} --max-deliver=-1; attempts are limited by delivery.retry.attempts`)
  }
}

const nanos = (ms: number): number => ms * 1_000_000

function settings ({ consumer, subjects, ackWaitMs, maxAckPending, owner }: WantedConsumer): ConsumerConfig & { readonly name: string } {
  const [only, ...more] = subjects
  return {
    name: consumer, durable_name: consumer, description: `made for ${owner}`,
    ack_policy: 'explicit', ack_wait: nanos(ackWaitMs), max_deliver: -1, max_ack_pending: maxAckPending,
    ...(only === undefined ? {} : more.length === 0 ? { filter_subject: only } : { filter_subjects: subjects }),
  }
}

function startPosition ({ policy, time, sequence }: StartFrom): ConsumerConfig {
  if (time !== undefined) return { deliver_policy: 'by_start_time', opt_start_time: time }
  if (sequence !== undefined) return { deliver_policy: 'by_start_sequence', opt_start_seq: sequence }
  const policies = { All: 'all', New: 'new', Last: 'last', LastPerSubject: 'last_per_subject' } as const
  return { deliver_policy: policies[policy ?? 'New'] }
}

const isAsWanted = (config: ConsumerConfig, { subjects, ackWaitMs, maxAckPending }: WantedConsumer): boolean =>
  filtersOf(config).join() === subjects.join() && config.ack_wait === nanos(ackWaitMs) && config.max_ack_pending === maxAckPending

/** For how long the broker waits for a settlement, milliseconds. */
export const ackWaitOf = ({ config }: ConsumerInfo): number => (config.ack_wait ?? nanos(30_000)) / 1_000_000

/** How old a message gets before the stream drops it, milliseconds; undefined: it keeps them, or we may not ask. As it is now: a change is seen by the next who opens. */
export async function maxAgeOf (api: JetStreamApi, stream: string, log: Log): Promise<number | undefined> {
  try {
    const { max_age: age = 0 } = (await api.streamInfo(stream)).config
    return age > 0 ? age / 1_000_000 : undefined
  } catch (error) {
    log.debug({ stream, why: errorMessage(error) }, 'max_age of the stream is not known')
    return undefined
  }
}

/** One line about a consumer for the log. */
export const describeConsumer = (info: ConsumerInfo): string => `${info.stream_name}/${info.name}, ack wait ${formatDuration(ackWaitOf(info))}`
