import type { Msg } from 'nats'
import type { Delivery, Envelope, Settlement } from '../plugin/index.js'
import { messageType, toEnvelope } from './nats-event.js'

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
  readonly eventSource: string
  readonly contentType: string | undefined
}

const type = messageType('jetstream')

/** One hand-out of one message. A class, because there are many: its methods are shared. */
export class PulledDelivery implements Delivery {
  readonly event: Envelope
  readonly handOuts: number
  readonly leaseMs: number
  readonly #to: SettleTo
  readonly #reply: string
  #isSettled = false

  constructor (to: SettleTo, message: Msg, source: DeliverySource) {
    const reply = message.reply ?? ''
    const position = readPosition(reply, source)
    this.#to = to
    this.#reply = reply
    this.handOuts = position.handOuts
    this.leaseMs = source.ackWaitMs
    this.event = toEnvelope(message.data, message.headers, {
      id: `${source.stream}/${position.sequence}`,
      source: source.eventSource,
      type,
      subject: message.subject,
      time: new Date(position.timeMs).toISOString(),
      extensions: { sequence: position.sequence, natsconsumer: source.consumer, natsdelivered: String(position.handOuts) },
    }, source.contentType)
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

/**
 * A reply subject ends in `.STREAM.CONSUMER.HANDOUTS.STREAMSEQ.CONSUMERSEQ.NANOS.PENDING`, with a domain and an account before it
 * and a token behind it on newer servers; neither name holds a dot.
 */
function readPosition (reply: string, { stream, consumer }: DeliverySource): { readonly handOuts: number, readonly sequence: string, readonly timeMs: number } {
  const marker = `.${stream}.${consumer}.`
  const [handOuts = '1', sequence = '0', , nanos = '0'] = reply.slice(reply.indexOf(marker) + marker.length).split('.', 4)
  return { handOuts: Number(handOuts), sequence, timeMs: Number(nanos.slice(0, -6)) }
}
