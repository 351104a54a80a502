import type { NatsConnection } from 'nats'
import { TidegateError, type Envelope } from '../plugin/index.js'
import { requestTimeoutMs } from './nats-api.js'
import { toHeaders } from './nats-event.js'
import { sourceError } from './nats.js'

/**
 * Publishes an event as a CloudEvent in binary mode; resolves when a stream has stored it. It carries no `Nats-Msg-Id`: a dead letter
 * that goes back to the stream it came from would be taken for a repetition of itself and dropped.
 */
export async function publishStored (connection: NatsConnection, event: Envelope, subject: string): Promise<void> {
  const { headers } = await import('nats')
  const what = `could not store an event at subject "${subject}"`
  const answer = await connection.request(subject, event.data, { headers: toHeaders(event, headers()), timeout: requestTimeoutMs })
    .catch((error: unknown) => { throw isNobody(error) ? noStream(subject) : sourceError(error, what) })
  const stored = answer.json<{ readonly stream?: string, readonly error?: { readonly description?: string } }>()
  if (stored.stream === undefined) throw new TidegateError('TG_SOURCE_REFUSED', `${what}: ${stored.error?.description ?? 'no stream said so'}`)
}

const isNobody = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === '503'

const noStream = (subject: string): TidegateError =>
  new TidegateError('TG_SOURCE_NOT_FOUND', `no stream takes the subject "${subject}"`, { hint: `make one first: nats stream add NAME --subjects "${subject}"` })
