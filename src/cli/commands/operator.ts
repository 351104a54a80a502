import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { errorMessage, TidegateError } from '../../core/errors.js'
import { metricCatalogue } from '../../core/metrics.js'
import { kubeCluster, namespacesFrom, type KubeCluster, type WebhookOptions } from '../../kube/index.js'
import type { Defaults } from '../../runtime/configs.js'
import type { Log } from '../../runtime/ports.js'
import type { HttpServer } from '../../telemetry/http-server.js'
import { logger } from '../../telemetry/logger.js'
import { metrics, type Metrics } from '../../telemetry/metrics.js'
import { builtins } from '../builtins.js'
import { systemClock } from '../clock.js'
import type { ExitCode, OperatorOptions, Output } from '../command.js'
import { ConfigFile } from '../config-file.js'
import { decisionFile } from '../decision-file.js'
import { loggedEvents } from '../events.js'
import { admissionCheck } from '../lint/problems.js'
import { levelOf } from '../log-level.js'
import { StatusBoard } from '../status-board.js'
import { statusServer } from '../status-server.js'
import { serveTerms } from '../terms.js'
import { untilStopped } from '../until-stopped.js'
import { version } from '../version.js'
import { Vitals } from '../vitals.js'
import { clusterSystem } from '../wiring.js'

interface Phase { cluster?: KubeCluster, isStopping: boolean, readonly vitals: Vitals }

/** Works in a cluster until it is told to stop. The health server comes first: `/readyz` says what is waited for. */
export async function operator (options: OperatorOptions, _output: Output): Promise<ExitCode> {
  if (options.shadow && options.webhook) throw new TidegateError('TG_USAGE', '--shadow writes nothing, and the webhook needs a certificate that is written', { hint: 'leave one of the two out' })
  const stopping = new AbortController()
  void untilStopped().then(() => stopping.abort())
  const log = await logger({ level: levelOf(options.logLevel), destination: process.stdout })
  const config = options.config === undefined ? undefined : await ConfigFile.open({ file: options.config, environment: process.env, clock: systemClock, log })
  const defaults = (): Defaults => config?.defaults ?? {}
  const status = new StatusBoard()
  const phase: Phase = { isStopping: false, vitals: new Vitals(systemClock, () => phase.cluster?.stuck() ?? []) }
  const telemetry = metrics(metricCatalogue, options.kedaMetrics
    ? (await import('../../telemetry/keda-metrics.js')).kedaMetrics({ version, statuses: () => status.all(), objects: () => phase.cluster?.registered() ?? [] })
    : undefined)
  const server = serverFor(options, telemetry, status, phase)
  const bound = await server.start()
  const decisions = options.record === undefined ? undefined : await decisionFile(options.record, log)
  try {
    const cluster = await open(options, telemetry, log)
    phase.cluster = cluster
    await cluster.start(stopping.signal)
    if (options.keda === 'replace' && cluster.isSynced && !cluster.seesKeda) throw kedaUnseen
    if (!stopping.signal.aborted) log.info({ server: cluster.server, address: `http://${bound.host}:${bound.port}`, ...(options.shadow ? { shadow: true } : {}) }, 'ready')
    if (!stopping.signal.aborted) cluster.elect()
    if (!stopping.signal.aborted) void cluster.warnOfAbsences()
    if (options.webhook && !stopping.signal.aborted) cluster.serveWebhook(webhookOptions(options, telemetry, defaults))
    void config?.follow(() => cluster.tellAgain(), stopping.signal)
    await serveTerms({
      cluster, log,
      system: term => phase.vitals.watched(clusterSystem({
        cluster, term, registry: builtins, clock: systemClock, log, events: loggedEvents(log), telemetry, status,
        decisions: decisions ?? { record: () => undefined }, defaults, environment: process.env,
        clusterObjectNamespace: options.clusterObjectNamespace, restrictSecrets: options.restrictSecrets, filepathAuthRootPath: options.filepathAuthRootPath,
      })),
    }, stopping.signal)
  } finally {
    phase.isStopping = true
    await phase.cluster?.stop()
    await server.stop()
    await decisions?.close()
  }
  log.info({}, 'stopped')
  return 0
}

function open ({ kubeconfig, namespace, leaseNamespace, shadow, keda }: OperatorOptions, telemetry: Metrics, log: Log): Promise<KubeCluster> {
  const identity = `${hostname()}_${randomUUID()}`
  return kubeCluster({ kubeconfig, namespaces: namespacesFrom(namespace), leaseNamespace, shadow, keda: keda === 'replace' ? 'replace' : 'coexist', version, identity, clock: systemClock, random: () => Math.random(), log, telemetry })
    .then(cluster => agreeing(cluster, shadow || leaseNamespace !== undefined))
    .catch((error: unknown) => {
      if (error instanceof TidegateError) throw error
      throw new TidegateError('TG_CONFIG_INVALID', `the cluster cannot be reached: ${errorMessage(error)}`, { cause: error, hint: 'give a kubeconfig with --kubeconfig' })
    })
}

const kedaUnseen = new TidegateError('TG_CONFIG_INVALID', '--keda replace with --namespace: a KEDA that works from another namespace could not be seen, and there would be two writers', {
  hint: 'apply deploy/components/take-over: it has the right to see Deployments named keda-operator in every namespace',
})

/** A kubeconfig's namespace is where somebody works, not where the operator of the cluster has its lease: two that take different ones both write. */
function agreeing (cluster: KubeCluster, isSaid: boolean): KubeCluster {
  if (cluster.isPod || isSaid) return cluster
  throw new TidegateError('TG_USAGE', 'outside of a pod it is not known by which lease operators agree', { hint: 'give --lease-namespace NAME, the namespace that the operator is installed in, or --shadow' })
}

function webhookOptions ({ host, webhookPort: port, webhookName: name }: OperatorOptions, telemetry: Metrics, defaults: () => Defaults): WebhookOptions {
  return {
    host, port, name, check: admissionCheck(builtins, defaults),
    onReview: ({ kind, outcome }) => telemetry.counter('webhook_reviews_total', { kind, outcome }).inc(),
  }
}

function serverFor ({ host, port }: OperatorOptions, telemetry: Metrics, status: StatusBoard, phase: Phase): HttpServer {
  return statusServer(status, {
    host, port, metrics: telemetry, stuck: () => phase.vitals.stuck(),
    ready: () => phase.isStopping ? ['draining'] : phase.cluster?.isSynced === true ? [] : ['waiting for the API server'],
  }, process.env)
}
