import { connect, StorageType, type NatsConnection } from 'nats'
import { natsServer } from '../../test/servers/nats.js'
import { descendantNamed } from '../lib/proc.js'
import { eachOf } from './each.js'
import { durable, streamName, subjectName } from './objects.js'

/** A NATS server with one stream and one durable consumer for each object. */
export interface Streams {
  /** `host:port` of the monitoring port. */
  readonly monitoring: string
  readonly pid: number | undefined
  /** Stores so many events in a stream. */
  publish(index: number, events: number): Promise<void>
  /** Forgets what is in a stream. */
  purge(index: number): Promise<void>
  stop(): Promise<void>
}

export async function streams (count: number): Promise<Streams> {
  const server = await natsServer()
  const connection: NatsConnection = await connect({ servers: server.url })
  const manager = await connection.jetstreamManager()
  await eachOf(count, 32, async index => {
    await manager.streams.add({ name: streamName(index), subjects: [subjectName(index)], storage: StorageType.Memory })
    await manager.consumers.add(streamName(index), { durable_name: durable })
  })
  const jetstream = connection.jetstream()
  const payload = new TextEncoder().encode('order')
  return {
    monitoring: `127.0.0.1:${server.monitoringPort}`,
    pid: descendantNamed('nats-server', process.pid),
    publish: (index, events) => eachOf(events, 200, async () => { await jetstream.publish(subjectName(index), payload) }),
    purge: async index => { await manager.streams.purge(streamName(index)) },
    async stop () {
      await connection.close()
      await server.stop()
    },
  }
}
