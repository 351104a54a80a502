import { defineScaler, boolean, integer, keyOf, normalizeMetricName, spec, string, type ConfigOf, type Kit, type Measured, type Scaler } from '../src/plugin/index.js'
import { ConsumerBell } from '../src/brokers/nats-bell.js'
import { getJson } from '../src/brokers/http-get.js'
import { MonitoredLag } from '../src/brokers/nats-monitoring.js'
import { natsConnection } from '../src/brokers/nats.js'

/** How old a monitoring answer may be: it lists every consumer of the account, so that all who ask within this time share it. */
const shareForMs = 2_000

const config = spec({
  natsServerMonitoringEndpoint: string({ summary: 'host:port of a server\'s monitoring port.', optional: true, from: ['auth', 'metadata'], example: 'nats.nats.svc:8222' }),
  account: string({ summary: 'Name of the account; $G where no accounts are set up.', optional: true, from: ['auth', 'metadata'], example: '$G' }),
  accountID: string({ summary: 'Id of the account, where it differs from its name.', optional: true, from: ['auth', 'metadata'] }),
  stream: string({ summary: 'Name of the stream.', example: 'ORDERS' }),
  consumer: string({ summary: 'Name of the durable consumer.', example: 'billing' }),
  lagThreshold: integer({ summary: 'Events one replica is meant to hold.', default: 10, min: 1 }),
  activationLagThreshold: integer({ summary: 'Lag above which a sleeping target wakes.', default: 0 }),
  useHttps: boolean({ summary: 'Ask the monitoring port by https.', default: false }),
  ...natsConnection,
  domain: string({ summary: 'JetStream domain of the servers, for leaf nodes.', optional: true }),
}, {
  checks: [
    (_, given) => !given('natsServerMonitoringEndpoint') && !given('servers')
      ? [{ field: 'natsServerMonitoringEndpoint', message: 'needs natsServerMonitoringEndpoint or servers', hint: 'with servers the target is woken at once; with the monitoring endpoint within the polling interval' }] : [],
    (_, given) => !['servers', 'account', 'accountID'].some(given)
      ? [{ field: 'account', message: 'needs account or accountID', hint: 'account: $G where no accounts are set up' }] : [],
  ],
})

type Config = ConfigOf<typeof config>

export const natsJetstream = defineScaler({
  type: 'nats-jetstream',
  title: 'NATS JetStream',
  summary: 'Scales on the lag of one JetStream consumer: events waiting, and handed out but not acknowledged.',
  since: '0.1.0',
  stability: 'stable',
  config,
  defaultsKey: 'nats',
  measure: c => ({ name: normalizeMetricName(`nats-jetstream-${c.stream}`), target: c.lagThreshold, activation: c.activationLagThreshold, metricType: 'AverageValue' }),
  open,
  examples: [
    { title: 'By the monitoring port, as KEDA writes it', yaml: 'type: nats-jetstream\nmetadata:\n  natsServerMonitoringEndpoint: nats.nats.svc:8222\n  account: $G\n  stream: ORDERS\n  consumer: billing\n  lagThreshold: "10"' },
    { title: 'By the servers themselves, woken by the first event', yaml: 'type: nats-jetstream\nmetadata:\n  servers: nats.nats.svc:4222\n  stream: ORDERS\n  consumer: billing' },
  ],
})

function open (config: Config, kit: Kit, measured: Measured): Scaler {
  const monitored = byMonitoring(config, kit)
  if (config.servers === undefined) return { read: async signal => measured(await monitored?.(signal) ?? 0), close: async () => undefined }
  const bell = new ConsumerBell(config, kit)
  return {
    read: async signal => {
      try { return measured(...await bell.look(signal)) } catch (error) {
        if (monitored === undefined) throw error
        return measured(await monitored(signal)) // the servers may be another account's, or out of reach where the port is not
      }
    },
    watch: async function * (signal) {
      for await (const [lag, more] of bell.rings(signal)) yield * measured(lag, more)
    },
    close: () => bell.close(),
  }
}

/** The lag by the monitoring port; undefined where there is none. */
function byMonitoring (config: Config, kit: Kit): ((signal: AbortSignal) => Promise<number>) | undefined {
  const { natsServerMonitoringEndpoint: endpoint } = config
  if (endpoint === undefined) return undefined
  const lag = new MonitoredLag({ ...config, endpoint })
  return signal => lag.read(url => kit.ask(keyOf('nats-monitoring', url), shareForMs, inner => getJson(url, inner), signal))
}
