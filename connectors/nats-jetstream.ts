import {
  defineConnector, duration, integer, object, oneOf, list, spec, string, TidegateError,
  type ConfigOf, type Connector, type Envelope, type Kit,
} from '../src/plugin/index.js'
import { depthOf, jetStreamApi } from '../src/brokers/nats-api.js'
import { ackWaitOf, describeConsumer, ensureConsumer, maxAgeOf } from '../src/brokers/nats-consumer.js'
import { Pull } from '../src/brokers/nats-pull.js'
import { publishStored } from '../src/brokers/nats-publish.js'
import { natsAddress, natsConnection, openNats } from '../src/brokers/nats.js'

const name = (what: string) => ({ pattern: /^[^\s.*>/\\]+$/, mustBe: `must be the name of a ${what}: no dots, blanks, * or >` })

const config = spec({
  ...natsConnection,
  subject: string({ summary: 'Subject of the events; * and > stand for parts of it.', optional: true, example: 'orders.>' }),
  subjects: list(string({ summary: 'One subject.' }), { summary: 'Several subjects of one stream (server 2.10 or newer).', optional: true, minItems: 1 }),
  stream: string({ summary: 'Name of the stream; looked up from the subject unless given.', optional: true, ...name('stream') }),
  consumer: string({ summary: 'Name of the durable consumer; NAMESPACE-NAME of the Trigger unless given.', optional: true, ...name('consumer') }),
  manage: oneOf(['Managed', 'Existing'], { summary: 'Whether the consumer is made and kept up to date, or has to be there already.', default: 'Managed' }),
  startFrom: object({
    policy: oneOf(['All', 'New', 'Last', 'LastPerSubject'], { summary: 'Which of the stored events come first.', optional: true }),
    time: string({ summary: 'Events from this instant on, RFC 3339.', optional: true, pattern: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/, mustBe: 'must be an instant such as 2026-01-31T12:00:00Z' }),
    sequence: integer({ summary: 'Events from this stream sequence on.', optional: true, min: 1 }),
  }, {
    summary: 'Where a consumer that is made begins; taken once, so that later starts go on where it was.', default: { policy: 'New' },
    checks: [({ policy, time, sequence }) => [policy, time, sequence].filter(v => v !== undefined).length === 1 ? [] : [{ field: '', message: 'needs exactly one of policy, time and sequence' }]],
  }),
  ackWait: duration({ summary: 'For how long the broker waits before it hands an event out again; extended while the function works.', default: '30s', min: '1s' }),
  maxAckPending: integer({ summary: 'Most events handed out and not settled, those that wait for a retry included.', default: 10_000, min: 1 }),
  domain: string({ summary: 'JetStream domain, for leaf nodes.', optional: true, ...name('domain') }),
  contentType: string({ summary: 'Content type of messages that name none; without it JSON is recognised, and the rest is application/octet-stream.', optional: true }),
  apiPrefix: string({ summary: 'API prefix of an imported JetStream.', optional: true, notBuilt: 'use domain' }),
}, {
  checks: [
    c => c.subject !== undefined && c.subjects !== undefined ? [{ field: 'subjects', message: 'give subject or subjects, not both' }] : [],
    c => c.subject === undefined && c.subjects === undefined && c.stream === undefined ? [{ field: 'subject', message: 'needs a subject, subjects or a stream' }] : [],
    c => c.manage === 'Existing' && c.consumer === undefined ? [{ field: 'consumer', message: 'manage: Existing needs the name of the consumer' }] : [],
  ],
})

type Config = ConfigOf<typeof config>

export const natsJetstream = defineConnector({
  type: 'nats-jetstream',
  sourceKey: 'natsJetstream',
  title: 'NATS JetStream',
  summary: 'Delivers the messages of a JetStream stream through one durable consumer.',
  since: '0.1.0',
  stability: 'stable',
  config,
  defaultsKey: 'nats',
  addressField: 'servers',
  guarantees: { delivery: 'at-least-once', redelivery: 'broker', delayedRetry: true, order: 'none' },
  open,
  examples: [
    { title: 'Every new item of a list', yaml: 'subject: events.todo.newitem' },
    { title: 'A stream from its beginning, on servers of its own', yaml: 'servers: [nats-0:4222, nats-1:4222]\nstream: ORDERS\nsubjects: [orders.created, orders.paid]\nstartFrom: {policy: All}' },
    { title: 'A consumer that somebody else made', yaml: 'stream: ORDERS\nconsumer: billing\nmanage: Existing' },
  ],
})

/** The durable is there when this resolves, so that nothing published from then on is missed. */
async function open (config: Config, kit: Kit): Promise<Connector> {
  const address = natsAddress(config)
  const lease = await openNats(config, kit)
  try {
    const api = jetStreamApi(lease.value, { domain: config.domain, address })
    const info = await ensureConsumer(api, wantedConsumer(config, kit))
    kit.log.debug({ consumer: describeConsumer(info) }, 'consumer is in place')
    const { stream_name: stream, name: consumer } = info
    const maxAgeMs = await maxAgeOf(api, stream, kit.log)
    const pulls: Pull[] = []
    const close = async (): Promise<void> => {
      await Promise.all(pulls.map(pull => pull.stopped()))
      await lease.release()
    }
    let closing: Promise<void> | undefined
    return {
      receive: (signal, capacity) => {
        const pull = new Pull({
          connection: lease.value, address, apiPrefix: api.prefix, stream, consumer, ackWaitMs: ackWaitOf(info), maxAgeMs, maxBatch: info.config.max_batch ?? Infinity,
          check: () => api.consumerInfo(stream, consumer), clock: kit.clock, log: kit.log, eventSource: `nats://${address}/${stream}`, contentType: config.contentType,
        }, capacity, signal)
        pulls.push(pull)
        return pull
      },
      backlog: async () => depthOf(await api.consumerInfo(stream, consumer)),
      publish: (event: Envelope, destination) => publishStored(lease.value, event, subjectOf(destination)),
      close: () => closing ??= close(),
    }
  } catch (error) {
    await lease.release()
    throw error
  }
}

const wantedConsumer = (config: Config, { owner }: Kit) => ({
  stream: config.stream,
  subjects: config.subjects ?? (config.subject === undefined ? [] : [config.subject]),
  consumer: config.consumer ?? `${owner.namespace}-${owner.name}`.replaceAll('.', '_'),
  manage: config.manage,
  startFrom: config.startFrom,
  ackWaitMs: config.ackWait,
  maxAckPending: config.maxAckPending,
  owner: `${owner.kind} ${owner.namespace}/${owner.name}`,
})

function subjectOf (destination: Readonly<Record<string, unknown>>): string {
  if (typeof destination['subject'] === 'string') return destination['subject']
  throw new TidegateError('TG_CONFIG_MISSING', 'a natsJetstream destination needs a subject')
}
