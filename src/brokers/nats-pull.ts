import { randomUUID } from 'node:crypto'
import type { Msg, NatsConnection, Subscription } from 'nats'
import { errorMessage, onAbort, TidegateError, type Capacity, type Clock, type Delivery, type Log } from '../plugin/index.js'
import { missingHint } from './nats-api.js'
import { Deliveries, type PulledMessage, type SettleTo } from './nats-delivery.js'
import { HeldMessages } from './nats-held.js'
import { watchLine } from './nats-line.js'
import { PullWindow } from './nats-window.js'

/** One durable pull consumer and how it is reached. */
export interface PullSource {
  readonly connection: NatsConnection
  readonly address: string
  /** `$JS.API`, or that of a domain. */
  readonly apiPrefix: string
  readonly stream: string
  readonly consumer: string
  readonly ackWaitMs: number
  /** How old a message gets before the stream drops it; undefined: any age. */
  readonly maxAgeMs: number | undefined
  /** Largest batch that the consumer allows. */
  readonly maxBatch: number
  /** Rejects with TG_SOURCE_… when the consumer is gone or does not answer. */
  readonly check: () => Promise<unknown>
  readonly clock: Clock
  readonly log: Log
  /** `source` of the events. */
  readonly eventSource: string
  /** Content type of messages that name none; absent: guessed. */
  readonly contentType: string | undefined
}

const expiresMs = 30_000
const heartbeatMs = 5_000
const lineGraceMs = 5_000
const pauseMs = 250
const ack = Buffer.from('+ACK')
const progress = Buffer.from('+WPI')
const nak = Buffer.from('-NAK')

interface Waiter { resolve (result: IteratorResult<Delivery>): void, reject (error: unknown): void }

/**
 * Pulls from a durable consumer on plain request subjects: few large batches, one callback a message, all acks of a tick in one write.
 * The client's own `consume` costs one promise chain and one write an event, and never ends when its consumer is gone.
 */
export class Pull implements AsyncIterableIterator<Delivery>, SettleTo {
  readonly #source: PullSource
  readonly #window: PullWindow
  readonly #waiters: Waiter[] = []
  readonly #ending = new AbortController()
  readonly #held: HeldMessages
  readonly #deliveries: Deliveries
  #acks: string[] = []
  #tickIsDue = false
  #inbox = ''
  #subscription: Subscription | undefined
  readonly #drains = new Set<Promise<unknown>>()
  #pulls: { readonly subject: string, remaining: number }[] = []
  #sequence = 0
  #wasHeard = true
  #heardAt: number
  #isChecking = false
  #cancelGuard = (): void => undefined
  #ended: { readonly error?: TidegateError } | undefined

  constructor (source: PullSource, capacity: Capacity, signal: AbortSignal) {
    this.#source = source
    this.#window = new PullWindow(capacity, source)
    this.#held = new HeldMessages({ ...source, release: message => this.#release(message) })
    this.#deliveries = new Deliveries(this, source)
    this.#heardAt = source.clock.monotonic()
    if (signal.aborted) { this.#end(); return }
    this.#listen()
    watchLine(source.connection, { address: source.address, clock: source.clock, graceMs: lineGraceMs }, {
      back: () => this.#doubt(),
      lost: error => this.#end(error),
    }, this.#ending.signal)
    onAbort(this.#ending.signal, onAbort(signal, () => this.#end()))
    this.#follow(capacity).catch((error: unknown) => this.#end(new TidegateError('TG_INTERNAL', errorMessage(error), { cause: error })))
    this.#guard()
    this.#pull()
  }

  [Symbol.asyncIterator] (): this { return this }

  next (): Promise<IteratorResult<Delivery>> {
    const message = this.#held.take()
    if (message !== undefined) return Promise.resolve({ done: false, value: this.#deliver(message) })
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
      if (this.#ended !== undefined) this.#dismiss(this.#ended.error)
      else this.#pull()
    })
  }

  return (): Promise<IteratorResult<Delivery>> {
    this.#end()
    return Promise.resolve({ done: true, value: undefined })
  }

  /** Resolves when what came late was handed back and every ack was given to the connection. */
  async stopped (): Promise<void> {
    this.#end()
    await Promise.all(this.#drains)
    this.#tick()
  }

  ack (reply: string): void {
    this.#refuseIfClosed()
    this.#acks.push(reply)
    this.#settled()
  }

  retry (reply: string, afterMs: number): void {
    this.#say(reply, afterMs <= 0 ? nak : Buffer.from(`-NAK {"delay":${Math.round(afterMs * 1e6)}}`))
    this.#settled()
  }

  extend (reply: string): void { this.#say(reply, progress) }

  #settled (): void {
    this.#window.settled()
    if (this.#tickIsDue) return
    this.#tickIsDue = true
    setImmediate(() => this.#tick())
  }

  #tick (): void {
    this.#tickIsDue = false
    const acks = this.#acks
    this.#acks = []
    if (this.#source.connection.isClosed()) return
    for (const reply of acks) this.#source.connection.publish(reply, ack)
    this.#window.learn(acks.length)
    this.#pull()
  }

  #say (reply: string, what: Uint8Array): void {
    this.#refuseIfClosed()
    this.#source.connection.publish(reply, what)
  }

  #refuseIfClosed (): void {
    if (this.#source.connection.isClosed()) throw new TidegateError('TG_SOURCE_UNREACHABLE', `could not settle: the connection to NATS at ${this.#source.address} is closed`)
  }

  #listen (): void {
    const inbox = `_INBOX.${randomUUID()}`
    this.#inbox = inbox
    this.#subscription = this.#source.connection.subscribe(`${inbox}.*`, { callback: (error, message) => {
      if (error !== null) this.#end(new TidegateError('TG_SOURCE_REFUSED', `could not receive from consumer "${this.#source.consumer}": ${error.message}`, { cause: error }))
      else if (inbox === this.#inbox && this.#ended === undefined) this.#heard(message)
      else this.#release(message)
    } })
  }

  #heard (message: Msg): void {
    this.#wasHeard = true
    if (!isEvent(message)) { this.#status(message); return }
    const oldest = this.#pulls[0]
    if (oldest !== undefined && --oldest.remaining <= 0) this.#pulls.shift()
    const waiter = this.#waiters.shift()
    if (waiter === undefined) this.#held.push(message)
    else waiter.resolve({ done: false, value: this.#deliver(message) })
    if (this.#pulls.length === 0) this.#pull()
  }

  /** The server's word about a pull: it ended, it waits, or its consumer is no more. */
  #status (message: Msg): void {
    const { code = 0, description = '' } = message.headers ?? {}
    if (code === 100) return
    const index = this.#pulls.findIndex(pull => pull.subject === message.subject)
    if (index >= 0) this.#pulls.splice(index, 1)
    if (code === 404 || code === 408) this.#pull()
    else if (/consumer deleted/i.test(description)) this.#end(this.#gone(description))
    else { this.#source.log.debug({ code, description, consumer: this.#source.consumer }, 'pull ended by the server'); this.#doubt() }
  }

  #gone (why: string): TidegateError {
    return new TidegateError('TG_SOURCE_NOT_FOUND', `consumer "${this.#source.consumer}" of stream "${this.#source.stream}" at ${this.#source.address}: ${why.toLowerCase()}`, { hint: missingHint })
  }

  #deliver (message: PulledMessage): Delivery {
    this.#window.inHand++
    return this.#deliveries.make(message)
  }

  #release (message: Msg): void {
    if (!isEvent(message) || this.#source.connection.isClosed()) return
    this.#deliveries.unused(message)
    this.#source.connection.publish(message.reply, nak)
  }

  get #asked (): number { return this.#pulls.reduce((sum, pull) => sum + pull.remaining, 0) }

  #pull (): void {
    if (this.#ended !== undefined || this.#isChecking || this.#source.connection.isClosed()) return
    const batch = Math.min(this.#window.batch(this.#held.size, this.#asked), this.#source.maxBatch)
    if (batch <= 0) return
    const { apiPrefix, stream, consumer } = this.#source
    const subject = `${this.#inbox}.${(this.#sequence++).toString(36)}`
    this.#pulls.push({ subject, remaining: batch })
    this.#source.connection.publish(`${apiPrefix}.CONSUMER.MSG.NEXT.${stream}.${consumer}`, JSON.stringify({ batch, expires: expiresMs * 1e6, idle_heartbeat: heartbeatMs * 1e6 }), { reply: subject })
  }

  /** Slots change while nothing moves: what is too much now goes back, what is free is asked for. */
  async #follow (capacity: Capacity): Promise<void> {
    while (!this.#ending.signal.aborted) {
      await capacity.changed(this.#ending.signal)
      if (this.#ended !== undefined) return
      const limit = this.#window.limit()
      while (this.#held.size > 0 && this.#window.inHand + this.#held.size > limit) this.#held.releaseNewest()
      if (this.#asked > 0 && this.#window.inHand + this.#held.size + this.#asked > limit) this.#forgetPulls()
      this.#pull()
    }
  }

  /** Pulls cannot be taken back; the server forgets them with their inbox. What still arrives there is handed back. */
  #forgetPulls (): void {
    this.#pulls = []
    this.#drain()
    if (this.#ended === undefined) this.#listen()
  }

  #drain (): void {
    const { connection, clock, log, consumer } = this.#source
    const subscription = this.#subscription
    this.#subscription = undefined
    if (subscription === undefined || connection.isClosed()) return
    const drained = subscription.drain().catch((error: unknown) => log.debug({ consumer, why: errorMessage(error) }, 'inbox not drained'))
    const drain = Promise.race([drained, clock.sleep(1_000)]).then(() => { this.#drains.delete(drain) })
    this.#drains.add(drain)
  }

  /** Something is odd (a new session, a silent server, a refused pull): begin anew once the consumer is seen to be there. */
  #doubt (): void {
    if (this.#isChecking || this.#ended !== undefined) return
    this.#isChecking = true
    this.#forgetPulls()
    const again = (): void => { this.#isChecking = false; this.#pull() }
    const { clock, check } = this.#source
    const look = async (): Promise<void> => {
      await clock.sleep(pauseMs, this.#ending.signal)
      await check()
      again()
    }
    look().catch((error: unknown) => this.#end(error instanceof TidegateError ? error : new TidegateError('TG_SOURCE_UNREACHABLE', errorMessage(error), { cause: error })))
  }

  /** A server that says nothing for two heartbeats is doubted, and what was held for too long goes back. */
  #guard (): void {
    const { clock, ackWaitMs } = this.#source
    this.#cancelGuard = clock.after(Math.min(heartbeatMs, ackWaitMs / 4), () => {
      this.#sweep(clock.monotonic())
      if (this.#ended === undefined) this.#guard()
    })
  }

  #sweep (now: number): void {
    if (this.#held.releaseStale()) this.#window.forget()
    if (this.#wasHeard || this.#pulls.length === 0) this.#heardAt = now
    else if (now - this.#heardAt > heartbeatMs * 2) this.#doubt()
    this.#wasHeard = false
  }

  #end (error?: TidegateError): void {
    if (this.#ended !== undefined) return
    this.#ended = error === undefined ? {} : { error }
    this.#ending.abort()
    this.#cancelGuard()
    this.#pulls = []
    this.#drain()
    this.#held.releaseAll()
    this.#dismiss(error)
  }

  /** The first who waits hears the error, the others that it is over. */
  #dismiss (error: TidegateError | undefined): void {
    const [first, ...others] = this.#waiters.splice(0)
    if (error !== undefined && first !== undefined) { this.#ended = {}; first.reject(error) }
    else first?.resolve({ done: true, value: undefined })
    for (const waiter of others) waiter.resolve({ done: true, value: undefined })
  }
}

/** What carries no reply subject is the server's word about a pull. */
const isEvent = (message: Msg): message is PulledMessage => message.reply !== undefined && message.reply !== ''
