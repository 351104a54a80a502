import { errorMessage, TidegateError } from '../plugin/index.js'
import { sourceError } from './nats.js'
import type { NatsConnection } from 'nats'

/** A consumer's configuration as the server writes it: durations in nanoseconds. What is not named here is kept as it is. */
export interface ConsumerConfig {
  readonly durable_name?: string
  readonly name?: string
  readonly description?: string
  readonly deliver_subject?: string
  readonly ack_policy?: string
  readonly ack_wait?: number
  readonly max_deliver?: number
  readonly max_ack_pending?: number
  readonly filter_subject?: string
  readonly filter_subjects?: readonly string[]
  readonly deliver_policy?: string
  readonly opt_start_seq?: number
  readonly opt_start_time?: string
  readonly max_batch?: number
}
export interface ConsumerInfo {
  readonly stream_name: string
  readonly name: string
  readonly config: ConsumerConfig
  readonly delivered: { readonly consumer_seq: number, readonly stream_seq: number }
  readonly num_pending: number
  readonly num_ack_pending: number
  readonly num_redelivered: number
}
export interface StreamInfo { readonly config: { readonly name: string, readonly subjects?: readonly string[], readonly max_age?: number } }

/** The server's numbers of its errors: stream not found, consumer not found. */
const notFound = new Set([10059, 10014])
interface ApiError { readonly code: number, readonly err_code?: number, readonly description?: string }

/** Requests of the JetStream API that we need, on any connection. They reject with TG_SOURCE_… errors that name the object. */
export interface JetStreamApi {
  consumerInfo(stream: string, consumer: string): Promise<ConsumerInfo>
  createConsumer(stream: string, config: ConsumerConfig & { readonly name: string }): Promise<ConsumerInfo>
  updateConsumer(stream: string, config: ConsumerConfig & { readonly name: string }): Promise<ConsumerInfo>
  streamInfo(stream: string): Promise<StreamInfo>
  /** Names of the streams that take messages of this subject. */
  streamsOf(subject: string): Promise<readonly string[]>
  /** First part of every API subject: `$JS.API`, or that of a domain. */
  readonly prefix: string
}

export const requestTimeoutMs = 5_000

export function jetStreamApi (connection: NatsConnection, { domain, address }: { readonly domain?: string | undefined, readonly address: string }): JetStreamApi {
  const prefix = domain === undefined ? '$JS.API' : `$JS.${domain}.API`
  async function ask<T extends object> (subject: string, what: string, body?: unknown): Promise<T> {
    const answer = await request<T>(connection, `${prefix}.${subject}`, `${what} at ${address}`, body)
    if ('error' in answer) throw apiError(answer.error, `${what} at ${address}`)
    return answer
  }
  const put = (action: string) => (stream: string, config: ConsumerConfig & { readonly name: string }): Promise<ConsumerInfo> =>
    // Servers before 2.9 know only this subject; it takes one filter or several alike.
    ask(`CONSUMER.DURABLE.CREATE.${stream}.${config.name}`, `could not ${action} consumer "${config.name}" of stream "${stream}"`, { stream_name: stream, action, config: { ...config, durable_name: config.name } })
  return {
    prefix,
    consumerInfo: (stream, consumer) => ask(`CONSUMER.INFO.${stream}.${consumer}`, `could not read consumer "${consumer}" of stream "${stream}"`),
    createConsumer: put('create'),
    updateConsumer: put('update'),
    streamInfo: stream => ask(`STREAM.INFO.${stream}`, `could not read stream "${stream}"`),
    streamsOf: async subject => (await ask<{ streams?: readonly string[] | null }>('STREAM.NAMES', `could not look up the stream of "${subject}"`, { subject })).streams ?? [],
  }
}

async function request<T extends object> (connection: NatsConnection, subject: string, what: string, body: unknown): Promise<T | { readonly error: ApiError }> {
  try {
    const answer = await connection.request(subject, body === undefined ? '' : JSON.stringify(body), { timeout: requestTimeoutMs })
    return answer.json<T | { readonly error: ApiError }>()
  } catch (error) {
    if (error instanceof SyntaxError) throw new TidegateError('TG_SOURCE_BAD_ANSWER', `${what}: ${errorMessage(error)}`, { cause: error })
    if (error instanceof Error && 'code' in error && error.code === '503') {
      throw new TidegateError('TG_SOURCE_UNREACHABLE', `${what}: JetStream does not answer`, { cause: error, hint: 'is JetStream enabled for this account, and is the domain right?' })
    }
    throw sourceError(error, what)
  }
}

/** What to do about a stream or consumer that is not there. */
export const missingHint = 'make it in the broker, or correct its name; it is looked for again by itself'

function apiError (error: ApiError, what: string): TidegateError {
  const isMissing = notFound.has(error.err_code ?? 0)
  const code = isMissing ? 'TG_SOURCE_NOT_FOUND' : error.code === 503 ? 'TG_SOURCE_UNREACHABLE' : 'TG_SOURCE_REFUSED'
  return new TidegateError(code, `${what}: ${error.description ?? `error ${error.err_code ?? error.code}`}`, isMissing ? { hint: missingHint } : {})
}

/** Waiting and handed out, not settled: what a consumer still has to do. */
export const depthOf = (info: Pick<ConsumerInfo, 'num_pending' | 'num_ack_pending'>): number => (info.num_pending ?? 0) + (info.num_ack_pending ?? 0)

/** The subjects that a consumer takes; empty: all of its stream. */
export const filtersOf = (config: ConsumerConfig): readonly string[] => config.filter_subjects ?? (config.filter_subject === undefined || config.filter_subject === '' ? [] : [config.filter_subject])
