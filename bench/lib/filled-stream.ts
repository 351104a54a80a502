import { AckPolicy, connect, DeliverPolicy, StorageType } from 'nats'

/** A stream that holds its events for as many consumers as come: each round reads all of it anew. */
export interface FilledStream {
  readonly servers: string
  readonly name: string
  readonly subject: string
  /** A durable consumer at the beginning of the stream; its name. */
  freshConsumer(): Promise<string>
  /** What a consumer has not acknowledged, once it has had a moment to; 0 when all is done. Deletes the consumer. */
  unsettled(consumer: string): Promise<number>
  close(): Promise<void>
}

const portion = 500
const settleTries = 50
const settleEveryMs = 20

export async function filledStream (servers: string, events: number, bytes: number): Promise<FilledStream> {
  const name = 'BENCH'
  const subject = 'bench.event'
  const connection = await connect({ servers })
  const manager = await connection.jetstreamManager()
  await manager.streams.add({ name, subjects: [subject], storage: StorageType.Memory })
  const payload = Buffer.from(JSON.stringify({ text: 'x'.repeat(bytes - '{"text":""}'.length) }))
  const jetstream = connection.jetstream()
  // Each is acknowledged: a stream forgets what arrives faster than it can store.
  for (let left = events; left > 0; left -= portion) {
    await Promise.all(Array.from({ length: Math.min(left, portion) }, () => jetstream.publish(subject, payload)))
  }
  const { state } = await manager.streams.info(name)
  if (state.messages !== events) throw new Error(`the stream holds ${state.messages} of ${events} events`)
  let round = 0
  return {
    servers, name, subject,
    async freshConsumer () {
      const consumer = `round-${round++}`
      await manager.consumers.add(name, {
        durable_name: consumer, ack_policy: AckPolicy.Explicit, deliver_policy: DeliverPolicy.All, ack_wait: 30e9, max_ack_pending: 2000, max_deliver: -1,
      })
      return consumer
    },
    async unsettled (consumer) {
      let left = NaN
      for (let tries = 0; tries < settleTries && left !== 0; tries++) {
        const info = await manager.consumers.info(name, consumer)
        left = info.num_pending + info.num_ack_pending
        if (left > 0) await new Promise(resolve => setTimeout(resolve, settleEveryMs))
      }
      await manager.consumers.delete(name, consumer)
      return left
    },
    close: () => connection.close(),
  }
}
