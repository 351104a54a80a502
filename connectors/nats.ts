import {
  defineConnector, integer, list, object, oneOf, spec, string,
  type ConfigOf, type Connector, type Kit,
} from '../src/plugin/index.js'
import { BoundedBuffer } from '../src/brokers/nats-buffer.js'
import { NatsReceiver } from '../src/brokers/nats-receiver.js'
import { publishStored } from '../src/brokers/nats-publish.js'
import { natsAddress, natsConnection, openNats } from '../src/brokers/nats.js'

const config = spec({
  ...natsConnection,
  subject: string({ summary: 'Subject of the events; * and > stand for parts of it.', optional: true, example: 'orders.>' }),
  subjects: list(string({ summary: 'One subject.' }), { summary: 'Several subjects.', optional: true, minItems: 1 }),
  queueGroup: string({ summary: 'Members of one group share the events; NAMESPACE.NAME of the Trigger unless given.', optional: true, pattern: /^[^\s*>]+$/, mustBe: 'must hold no blanks, * or >' }),
  buffer: object({
    messages: integer({ summary: 'Most events that wait in memory for the function.', default: 1000, min: 1 }),
    bytes: integer({ summary: 'Most bytes that wait in memory for the function.', default: 16 * 1024 * 1024, min: 1 }),
    onFull: oneOf(['DropNewest', 'DropOldest'], { summary: 'Which event is lost when the buffer is full; losses are counted and logged.', default: 'DropNewest' }),
  }, { summary: 'Events that the function cannot take yet.', default: {} }),
  contentType: string({ summary: 'Content type of messages that name none; without it JSON is recognised, and the rest is application/octet-stream.', optional: true }),
  reply: string({ summary: 'Whether the function\'s answer goes back to the publisher.', optional: true, notBuilt: 'leave it out; requests are delivered as events, and their reply subject is the extension natsreply' }),
}, {
  checks: [c => (c.subject === undefined) === (c.subjects === undefined) ? [{ field: 'subject', message: 'needs subject or subjects, one of the two' }] : []],
})

type Config = ConfigOf<typeof config>

export const nats = defineConnector({
  type: 'nats',
  sourceKey: 'nats',
  title: 'NATS',
  summary: 'Delivers core NATS messages, each to one member of a queue group; what nobody can take is lost.',
  since: '0.1.0',
  stability: 'stable',
  config,
  defaultsKey: 'nats',
  addressField: 'servers',
  guarantees: { delivery: 'at-most-once', redelivery: 'none', delayedRetry: false, order: 'none' },
  open,
  examples: [
    { title: 'Every order', yaml: 'subject: orders.created' },
    { title: 'A small buffer that keeps the newest', yaml: 'subjects: [sensors.*, alarms.>]\nbuffer: {messages: 100, onFull: DropOldest}' },
  ],
})

/** The subscription is in place when this resolves: what is published from then on is received. */
async function open (config: Config, kit: Kit): Promise<Connector> {
  const address = natsAddress(config)
  const lease = await openNats(config, kit)
  const { namespace, name } = kit.owner
  const receiver = new NatsReceiver({
    connection: lease.value, address, clock: kit.clock, contentType: config.contentType,
    subjects: config.subjects ?? [config.subject ?? ''], queueGroup: config.queueGroup ?? `${namespace}.${name}`,
    buffer: new BoundedBuffer(config.buffer, kit),
  })
  try { await receiver.subscribed() } catch (error) {
    await lease.release()
    throw error
  }
  let closing: Promise<void> | undefined
  return {
    receive: (signal, capacity) => receiver.receive(signal, capacity),
    backlog: async () => receiver.waiting,
    publish: (event, destination) => publishStored(lease.value, event, String(destination['subject'])),
    close: () => closing ??= receiver.close().then(() => lease.release()),
  }
}
