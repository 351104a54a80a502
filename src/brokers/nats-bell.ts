import type { NatsConnection, Subscription } from 'nats'
import { keyOf, onAbort, TidegateError, type Kit, type Lease, type Measurement } from '../plugin/index.js'
import { depthOf, filtersOf, jetStreamApi, type ConsumerInfo, type JetStreamApi } from './nats-api.js'
import { watchLine } from './nats-line.js'
import { connectionKey, natsAddress, openNats, sourceError, type NatsConfig } from './nats.js'

export interface BellConfig extends NatsConfig { readonly stream: string, readonly consumer: string, readonly domain: string | undefined }

/** A lag, and what else is known with it. */
export type Lag = readonly [number, Partial<Pick<Measurement, 'inFlight'>>]

const shareForMs = 100
const lineGraceMs = 5_000
/** A core subscriber may hear a message before the stream has stored it: look again after these times. */
const storedWithinMs = [0, 2, 5, 10, 25, 50, 100, 250]
/** Between two rings; longer while every pause brought more, so that a busy stream does not cost a look each quarter second. */
const [shortestPauseMs, longestPauseMs] = [250, 2_000]

/**
 * One consumer, looked at and listened to through the servers. It listens without joining: a core subscription on the subjects of
 * the consumer, which the server itself ends after one message, so that a busy stream sends it next to nothing.
 */
export class ConsumerBell {
  readonly #config: BellConfig
  readonly #kit: Kit
  #lease: Promise<Lease<NatsConnection>> | undefined

  constructor (config: BellConfig, kit: Kit) {
    this.#config = config
    this.#kit = kit
  }

  async look (signal: AbortSignal): Promise<Lag> {
    const { stream, consumer, domain } = this.#config
    const { api } = await this.#open()
    const question = keyOf(connectionKey(this.#config), 'consumer', domain, stream, consumer)
    const info = await this.#kit.ask(question, shareForMs, () => api.consumerInfo(stream, consumer), signal)
    return lagOf(info)
  }

  /** Rings with the lag when it grew, and once at the start when there is one; rejects when the line or the consumer is lost. */
  async * rings (signal: AbortSignal): AsyncGenerator<Lag> {
    const { stream, consumer } = this.#config
    const { clock } = this.#kit
    const { connection, api } = await this.#open()
    const look = (): Promise<ConsumerInfo> => api.consumerInfo(stream, consumer)
    let seen = 0
    let pauseMs = shortestPauseMs
    while (!signal.aborted) {
      const bell = listen(connection, await this.#subjects(api), { clock, signal, address: natsAddress(this.#config), stream })
      try {
        await connection.flush().catch((error: unknown) => { throw sourceError(error, `lost the line to NATS at ${natsAddress(this.#config)}`) })
        let info = await look() // after the subscription is in place: nothing falls between the two
        const grewMeanwhile = arrived(info) > seen
        if (!grewMeanwhile) {
          pauseMs = shortestPauseMs
          await bell.rung
          if (signal.aborted) return
          info = await this.#stored(look, seen, signal)
        }
        if (arrived(info) > seen && depthOf(info) > 0) yield lagOf(info)
        seen = arrived(info)
        if (grewMeanwhile) pauseMs = Math.min(pauseMs * 2, longestPauseMs)
      } finally { bell.close() }
      await clock.sleep(pauseMs, signal)
    }
  }

  async close (): Promise<void> {
    const lease = this.#lease
    this.#lease = undefined
    if (lease !== undefined) await lease.then(l => l.release(), () => undefined)
  }

  /** Looks until the message that rang is in the stream, or is known not to be meant for this consumer. */
  async #stored (look: () => Promise<ConsumerInfo>, seen: number, signal: AbortSignal): Promise<ConsumerInfo> {
    let info = await look()
    for (const waitMs of storedWithinMs) {
      if (arrived(info) > seen || signal.aborted) return info
      await this.#kit.clock.sleep(waitMs, signal)
      info = await look()
    }
    return info
  }

  /** The consumer's filter, else all subjects of its stream; read anew at each arming, so that a change is seen at the next. */
  async #subjects (api: JetStreamApi): Promise<readonly string[]> {
    const { stream, consumer } = this.#config
    const filters = filtersOf((await api.consumerInfo(stream, consumer)).config)
    const subjects = filters.length > 0 ? filters : (await api.streamInfo(stream)).config.subjects ?? []
    if (subjects.length === 0) throw new TidegateError('TG_SOURCE_NOT_FOUND', `stream "${stream}" has no subjects of its own to listen to`, { hint: 'a mirror is noticed within the polling interval' })
    return subjects
  }

  async #open (): Promise<{ readonly connection: NatsConnection, readonly api: JetStreamApi }> {
    const lease = await (this.#lease ??= openNats(this.#config, this.#kit).catch((error: unknown) => { this.#lease = undefined; throw error }))
    if (lease.value.isClosed()) {
      this.#lease = undefined
      await lease.release()
      return this.#open()
    }
    return { connection: lease.value, api: jetStreamApi(lease.value, { domain: this.#config.domain, address: natsAddress(this.#config) }) }
  }
}

const lagOf = (info: ConsumerInfo): Lag => [depthOf(info), { inFlight: info.num_ack_pending ?? 0 }]

/** Grows with every event that reaches the consumer; a redelivery counts too, which costs a look and nothing else. */
const arrived = (info: ConsumerInfo): number => (info.num_pending ?? 0) + (info.delivered?.consumer_seq ?? 0)

interface ListenOptions { readonly clock: Kit['clock'], readonly signal: AbortSignal, readonly address: string, readonly stream: string }

/**
 * `rung` resolves at the first message, when the stream or a consumer of it was changed (its subjects may be others now), after a new
 * session, or on abort; it rejects when the line is lost or listening is not allowed.
 */
function listen (connection: NatsConnection, subjects: readonly string[], { clock, signal, address, stream }: ListenOptions): { readonly rung: Promise<void>, close(): void } {
  const listening = new AbortController()
  let subscriptions: readonly Subscription[] = []
  const rung = new Promise<void>((resolve, reject) => {
    const callback = (error: Error | null): void => error === null ? resolve() : reject(sourceError(error, `could not listen to stream "${stream}" at ${address}`))
    const changes = [`$JS.EVENT.ADVISORY.STREAM.*.${stream}`, `$JS.EVENT.ADVISORY.CONSUMER.*.${stream}.*`]
    subscriptions = [...subjects.map(subject => connection.subscribe(subject, { max: 1, callback })), ...changes.map(subject => connection.subscribe(subject, { max: 1, callback: error => { if (error === null) resolve() } }))]
    watchLine(connection, { address, clock, graceMs: lineGraceMs }, { back: resolve, lost: reject }, listening.signal)
    onAbort(listening.signal, onAbort(signal, resolve))
  })
  rung.catch(() => undefined) // told where it is awaited; it may fail before that
  return {
    rung,
    close: () => {
      listening.abort()
      for (const subscription of subscriptions) if (!subscription.isClosed()) subscription.unsubscribe()
    },
  }
}
