import { QueueServiceClient } from '@azure/storage-queue'
import { AckPolicy, connect, type NatsConnection } from 'nats'
import { type Azurite, azurite } from '../../servers/azurite.js'
import { type NatsServer, natsServer } from '../../servers/nats.js'
import { until } from '../harness.js'
import type { Scenario, Words } from './format.js'

const storageOf = async (servers: Scenario['servers']): Promise<Azurite | undefined> =>
  servers.includes('azurite-stored') ? await azurite({ persistent: true }) : servers.includes('azurite') ? await azurite() : undefined

/** The servers of one scenario, and what is done at them. */
export class Sources {
  readonly #nats: NatsServer | undefined
  readonly #azurite: Azurite | undefined

  private constructor (nats: NatsServer | undefined, storage: Azurite | undefined) {
    this.#nats = nats
    this.#azurite = storage
  }

  static async open (servers: Scenario['servers']): Promise<Sources> {
    return new Sources(servers.includes('nats') ? await natsServer() : undefined, await storageOf(servers))
  }

  async stop (): Promise<void> { await Promise.all([this.#nats?.stop(), this.#azurite?.stop()]) }

  /** What stands for `${…}` in a scenario. */
  get values (): Readonly<Record<string, string>> {
    return {
      ...(this.#nats === undefined ? {} : { nats: this.#nats.url, natsMonitoring: `127.0.0.1:${this.#nats.monitoringPort}` }),
      ...(this.#azurite === undefined ? {} : { azurite: this.#azurite.connectionString }),
    }
  }

  async server (name: string, what: 'kill' | 'restart'): Promise<void> {
    const server = name === 'nats' ? this.#nats : this.#azurite
    if (server === undefined) throw new Error(`the scenario has no server ${name}`)
    await (what === 'kill' ? server.kill() : server.restart())
  }

  async stream ({ name, subjects }: Words['stream']): Promise<void> {
    await this.#connected(async connection => { await (await connection.jetstreamManager()).streams.add({ name, subjects: [...subjects] }) })
  }

  async consumer ({ stream, durable }: Words['consumer']): Promise<void> {
    await this.#connected(async connection => { await (await connection.jetstreamManager()).consumers.add(stream, { durable_name: durable, ack_policy: AckPolicy.Explicit }) })
  }

  async purge (stream: string): Promise<void> {
    await this.#connected(async connection => { await (await connection.jetstreamManager()).streams.purge(stream) })
  }

  async queue (name: string): Promise<void> { await this.#queue(name).createIfNotExists() }

  async publish ({ jetstream, nats, azureQueue, count = 1, body }: Words['publish']): Promise<void> {
    const bodies = Array.from({ length: count }, (_, i) => body ?? String(i))
    if (jetstream !== undefined) await this.#connected(async connection => { await Promise.all(bodies.map(each => connection.jetstream().publish(jetstream, each))) })
    if (nats !== undefined) await this.#connected(async connection => { for (const each of bodies) connection.publish(nats, each) })
    if (azureQueue !== undefined) for (const each of bodies) await this.#queue(azureQueue).sendMessage(each)
  }

  async depth (queue: string, depth: number): Promise<void> {
    await until(async () => (await this.#queue(queue).getProperties()).approximateMessagesCount === depth, () => `${queue} to hold ${depth}`)
  }

  /** The text of the one message in a queue. */
  async letter (queue: string): Promise<string | undefined> {
    const { receivedMessageItems: [letter] } = await this.#queue(queue).receiveMessages()
    return letter?.messageText
  }

  #queue (name: string): ReturnType<QueueServiceClient['getQueueClient']> {
    return QueueServiceClient.fromConnectionString(this.#azurite?.connectionString ?? '').getQueueClient(name)
  }

  async #connected (work: (connection: NatsConnection) => Promise<void>): Promise<void> {
    const connection = await connect({ servers: this.#nats?.url ?? '' })
    await work(connection)
    await connection.drain()
  }
}
