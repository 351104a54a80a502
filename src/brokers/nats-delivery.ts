import type { Msg } from 'nats'
import type { Delivery, Envelope, Settlement } from '../plugin/index.js'
import { guessContentType, messageType, toEnvelope } from './nats-event.js'

/** What carries a reply subject is an event. */
export type PulledMessage = Msg & { readonly reply: string }

/** Who carries settlements to the broker. */
export interface SettleTo {
  ack(reply: string): void
  retry(reply: string, afterMs: number): void
  extend(reply: string): void
}
export interface DeliverySource {
  readonly stream: string
  readonly consumer: string
  readonly ackWaitMs: number
  /** How old a message gets before its stream drops it; undefined: any age. */
  readonly maxAgeMs: number | undefined
  readonly eventSource: string
  readonly contentType: string | undefined
}

const type = messageType('jetstream')
const mostUnused = 10_000

/** Makes the deliveries of one consumer: what is the same for all is worked out once, and what comes in one millisecond shares the text of its time. */
export class Deliveries {
  readonly #to: SettleTo
  readonly #source: DeliverySource
  readonly #marker: string
  /** How often a message was handed to us and given back without having been handed on, by stream sequence. */
  readonly #unused = new Map<string, number>()
  #millis = ''
  #time = ''

  constructor (to: SettleTo, source: DeliverySource) {
    this.#to = to
    this.#source = source
    this.#marker = `.${source.stream}.${source.consumer}.`
  }

  /**
   * A reply subject ends in `.STREAM.CONSUMER.HANDOUTS.STREAMSEQ.CONSUMERSEQ.NANOS.PENDING`, with a domain and an account before it
   * and a token behind it on newer servers; neither name holds a dot.
   */
  make (message: PulledMessage): Delivery {
    const { reply } = message
    const from = reply.indexOf(this.#marker) + this.#marker.length
    const afterHandOuts = reply.indexOf('.', from)
    const afterSequence = reply.indexOf('.', afterHandOuts + 1)
    const afterConsumerSequence = reply.indexOf('.', afterSequence + 1)
    const afterNanos = reply.indexOf('.', afterConsumerSequence + 1)
    const handOuts = reply.slice(from, afterHandOuts)
    const sequence = reply.slice(afterHandOuts + 1, afterSequence)
    const millis = reply.slice(afterConsumerSequence + 1, afterNanos - 6)
    const time = this.#timeOf(millis)
    const { ackWaitMs, maxAgeMs } = this.#source
    const expiresAt = maxAgeMs === undefined ? undefined : Number(millis) + maxAgeMs
    const used = Number(handOuts) - (this.#unused.size === 0 ? 0 : this.#unused.get(sequence) ?? 0)
    return new PulledDelivery(this.#to, reply, this.#event(message, sequence, time, handOuts), used, ackWaitMs, expiresAt)
  }

  /** The message goes back as it came: this hand-out was no chance for the function. */
  unused ({ reply }: PulledMessage): void {
    const sequence = reply.slice(reply.indexOf(this.#marker) + this.#marker.length).split('.')[1] ?? ''
    if (this.#unused.size >= mostUnused) this.#unused.clear() // the broker's count is an upper bound still
    this.#unused.set(sequence, (this.#unused.get(sequence) ?? 0) + 1)
  }

  #event ({ data, headers, subject }: Msg, sequence: string, time: string, handOuts: string): Envelope {
    const { stream, consumer, eventSource: source, contentType } = this.#source
    const id = `${stream}/${sequence}`
    const extensions = { sequence, natsconsumer: consumer, natsdelivered: handOuts }
    return headers === undefined
      ? { id, source, type, subject, time, contentType: contentType ?? guessContentType(data), data, extensions }
      : toEnvelope(data, headers, { id, source, type, subject, time, extensions }, contentType)
  }

  #timeOf (millis: string): string {
    if (millis === this.#millis) return this.#time
    this.#millis = millis
    return this.#time = new Date(Number(millis)).toISOString()
  }
}

/** One hand-out of one message. A class, because there are many: its methods are shared. */
class PulledDelivery implements Delivery {
  readonly event: Envelope
  readonly handOuts: number
  readonly leaseMs: number
  readonly expiresAt?: number
  readonly #to: SettleTo
  readonly #reply: string
  #isSettled = false

  constructor (to: SettleTo, reply: string, event: Envelope, handOuts: number, leaseMs: number, expiresAt: number | undefined) {
    this.event = event
    this.handOuts = handOuts
    this.leaseMs = leaseMs
    if (expiresAt !== undefined) this.expiresAt = expiresAt
    this.#to = to
    this.#reply = reply
  }

  settle (settlement: Settlement): void {
    if (this.#isSettled) return
    this.#isSettled = true
    switch (settlement.kind) {
      case 'ack': this.#to.ack(this.#reply); break
      case 'retry': this.#to.retry(this.#reply, settlement.afterMs); break
      case 'release': this.#to.retry(this.#reply, 0); break
    }
  }

  extend (): void { if (!this.#isSettled) this.#to.extend(this.#reply) }
}
