import { randomUUID } from 'node:crypto'
import type { Msg, NatsConnection, Subscription } from 'nats'
import { onAbort, TidegateError, type Capacity, type Clock, type Delivery } from '../plugin/index.js'
import type { BoundedBuffer } from './nats-buffer.js'
import { messageType, toEnvelope } from './nats-event.js'
import { watchLine } from './nats-line.js'
import { sourceError } from './nats.js'

export interface ReceiverOptions {
  readonly connection: NatsConnection
  readonly address: string
  readonly clock: Clock
  readonly subjects: readonly string[]
  readonly queueGroup: string
  readonly buffer: BoundedBuffer
  readonly contentType: string | undefined
}

const lineGraceMs = 5_000
const flushTimeoutMs = 5_000
const drainTimeoutMs = 1_000
const type = messageType('nats')

interface Waiter { resolve (result: IteratorResult<Delivery>): void, reject (error: unknown): void }

/** Core subscriptions in front of a bounded buffer. It subscribes when it is made; deliveries begin with `receive`. */
export class NatsReceiver {
  readonly #options: ReceiverOptions
  readonly #subscriptions: readonly Subscription[]
  readonly #waiters: Waiter[] = []
  #capacity: Capacity | undefined
  #error: TidegateError | undefined
  #isOver = false
  #drained: Promise<void> = Promise.resolve()

  constructor (options: ReceiverOptions) {
    this.#options = options
    const callback = (error: Error | null, message: Msg): void => {
      if (error === null) this.#heard(message)
      else this.#fail(sourceError(error, `could not subscribe at ${options.address}`))
    }
    this.#subscriptions = options.subjects.map(subject => options.connection.subscribe(subject, { queue: options.queueGroup, callback }))
  }

  /** Messages in the buffer. */
  get waiting (): number { return this.#options.buffer.size }

  /** Resolves when the server has taken the subscriptions; rejects with the reason when it did not. */
  async subscribed (): Promise<void> {
    const { connection, clock, address } = this.#options
    const answered = new AbortController()
    const late = clock.sleep(flushTimeoutMs, answered.signal).then(() => { throw new TidegateError('TG_SOURCE_UNREACHABLE', `NATS at ${address} did not answer within ${flushTimeoutMs} ms`) })
    try { await Promise.race([connection.flush(), late]) } catch (error) { throw sourceError(error, `could not subscribe at ${address}`) } finally { answered.abort() }
    if (this.#error !== undefined) throw this.#error
  }

  receive (signal: AbortSignal, capacity: Capacity): AsyncIterableIterator<Delivery> {
    const { connection, address, clock } = this.#options
    this.#capacity = capacity
    watchLine(connection, { address, clock, graceMs: lineGraceMs }, { lost: error => this.#fail(error) }, signal)
    onAbort(signal, () => this.#end())
    void this.#follow(capacity, signal)
    const iterator: AsyncIterableIterator<Delivery> = {
      [Symbol.asyncIterator]: () => iterator,
      next: () => this.#next(),
      return: () => { this.#end(); return Promise.resolve({ done: true, value: undefined }) },
    }
    return iterator
  }

  async close (): Promise<void> {
    this.#end()
    await this.#drained
    this.#options.buffer.close()
  }

  #heard (message: Msg): void {
    this.#options.buffer.push(message)
    this.#serve()
  }

  #next (): Promise<IteratorResult<Delivery>> {
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
      this.#serve()
    })
  }

  async #follow (capacity: Capacity, signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !this.#isOver) {
      await capacity.changed(signal)
      this.#serve()
    }
  }

  /** Whoever waits gets what is there; without a slot nothing is handed out. */
  #serve (): void {
    while (this.#waiters.length > 0) {
      if (this.#error !== undefined || this.#isOver) { this.#dismiss(); return }
      if ((this.#capacity?.slots() ?? 0) === 0) return
      const message = this.#options.buffer.take()
      if (message === undefined) return
      this.#waiters.shift()?.resolve({ done: false, value: this.#delivery(message) })
    }
  }

  #delivery (message: Msg): Delivery {
    const { address, clock, contentType } = this.#options
    const event = toEnvelope(message.data, message.headers, {
      id: randomUUID(), source: `nats://${address}`, type, subject: message.subject, time: new Date(clock.now()).toISOString(),
      extensions: message.reply === undefined || message.reply === '' ? {} : { natsreply: message.reply },
    }, contentType)
    return { event, handOuts: 1, settle: () => undefined } // core NATS forgot it when it sent it
  }

  #fail (error: TidegateError): void {
    this.#error ??= error
    this.#dismiss()
  }

  /** From here on the other members of the queue group get what is published; what is here already is lost. */
  #end (): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#dismiss()
    this.#options.buffer.close()
    this.#drained = this.#drain()
  }

  /** What the server had sent before it heard that we leave still arrives, to be counted. */
  async #drain (): Promise<void> {
    const subscriptions = this.#subscriptions.filter(subscription => !subscription.isClosed())
    const late = new AbortController()
    await Promise.race([Promise.allSettled(subscriptions.map(subscription => subscription.drain())), this.#options.clock.sleep(drainTimeoutMs, late.signal)])
    late.abort()
    for (const subscription of subscriptions) if (!subscription.isClosed()) subscription.unsubscribe()
  }

  #dismiss (): void {
    for (const waiter of this.#waiters.splice(0)) {
      if (this.#error === undefined || this.#isOver) waiter.resolve({ done: true, value: undefined })
      else waiter.reject(this.#error)
    }
  }
}
