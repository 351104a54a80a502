import { randomUUID } from 'node:crypto'
import { errorMessage, TidegateError } from '../../core/errors.js'
import { metricCatalogue } from '../../core/metrics.js'
import { kubeCluster, namespacesFrom, type KubeCluster } from '../../kube/index.js'
import type { Log } from '../../runtime/ports.js'
import { metrics } from '../../telemetry/metrics.js'
import { authFiles } from '../auth-files.js'
import { builtins } from '../builtins.js'
import { systemClock } from '../clock.js'
import type { DoctorOptions, ExitCode, Output } from '../command.js'
import { readDefaults } from '../config-defaults.js'
import { kedaFacts, kindFacts, operatorNeeds, rightFacts } from '../doctor/cluster-facts.js'
import { fact, writeFacts, type Fact } from '../doctor/facts.js'
import { machineFacts } from '../doctor/machine-facts.js'
import { needsOf } from '../doctor/needs.js'
import { objectFacts } from '../doctor/object-facts.js'
import { patientOf, type Patient } from '../doctor/patient.js'
import { rbacText } from '../doctor/print-rbac.js'
import { sourceFacts } from '../doctor/source-facts.js'
import { version } from '../version.js'
import { workloadIdentity } from '../workload-identity.js'

const clusterFact = fact('cluster')
/** For everything that is looked at to be listed. */
const patienceMs = 15_000
const silent: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

/** Finds out what works and what does not, and says what to do. It changes nothing. 1: there are problems. */
export async function doctor (options: DoctorOptions, output: Output): Promise<ExitCode> {
  if (options.filename.length > 0) return tell(await machineFacts(options.filename, options, builtins, process.env), options, output)
  const cluster = await open(options)
  try {
    const reached = await reach(cluster)
    if (reached.state === 'problem') {
      if (options.printRbac) throw new TidegateError('TG_CONFIG_INVALID', reached.message, { hint: reached.next ?? '' })
      return tell([reached], options, output)
    }
    return await examine(cluster, reached, options, output)
  } finally {
    await cluster.stop()
  }
}

function tell (facts: readonly Fact[], { output: format }: DoctorOptions, output: Output): ExitCode {
  writeFacts(facts, format, output)
  return facts.some(f => f.state === 'problem') ? 1 : 0
}

function open ({ kubeconfig, namespace, leaseNamespace, serviceAccount, keda }: DoctorOptions): Promise<KubeCluster> {
  return kubeCluster({
    kubeconfig, namespaces: namespacesFrom(namespace), leaseNamespace: leaseNamespace ?? serviceAccount?.split('/')[0], shadow: false, keda: keda === 'replace' ? 'replace' : 'coexist', version, identity: `doctor_${randomUUID()}`,
    clock: systemClock, random: () => Math.random(), log: silent, telemetry: metrics(metricCatalogue),
  })
}

async function reach (cluster: KubeCluster): Promise<Fact> {
  try {
    return clusterFact('ok', `the API server at ${cluster.server} answers: Kubernetes ${await cluster.examiner.version()}`)
  } catch (error) {
    return clusterFact('problem', `the API server at ${cluster.server} cannot be asked: ${errorMessage(error)}`, 'give a kubeconfig with --kubeconfig, or -f DIR for what is to run on this machine')
  }
}

async function examine (cluster: KubeCluster, reached: Fact, options: DoctorOptions, output: Output): Promise<ExitCode> {
  const namespaces = namespacesFrom(options.namespace)
  await cluster.start(AbortSignal.timeout(patienceMs))
  const patient = patientOf({
    cluster, namespaces, clusterObjectNamespace: options.clusterObjectNamespace, restrictSecrets: options.restrictSecrets, files: authFiles(options.filepathAuthRootPath),
    defaults: options.config === undefined ? {} : await readDefaults(options.config, process.env, silent),
  })
  const needs = await needsOf(patient)
  if (options.printRbac) {
    output.out(rbacText(needs, options.serviceAccount ?? 'tidegate/tidegate'))
    return 0
  }
  const synced = cluster.isSynced ? [] : [clusterFact('problem', `not everything could be listed within ${patienceMs / 1000} s`, 'see the rights that are missing; what follows may lack objects')]
  return tell([
    reached, ...synced, ...await kindFacts(cluster.examiner), ...await rights(patient, needs, options.serviceAccount),
    ...await kedaFacts(cluster, systemClock.now()), ...await objectFacts(patient, builtins), ...await sources(patient),
  ], options, output)
}

async function rights ({ cluster, namespaces }: Patient, needs: Awaited<ReturnType<typeof needsOf>>, account: string | undefined): Promise<readonly Fact[]> {
  try {
    return await rightFacts(cluster, await operatorNeeds(cluster, namespaces), needs, account)
  } catch (error) {
    return [fact('rights')('warning', `cannot be asked for: ${errorMessage(error)}`)]
  }
}

function sources (patient: Patient): Promise<readonly Fact[]> {
  return sourceFacts(patient, { registry: builtins, clock: systemClock, log: silent, isInside: process.env['KUBERNETES_SERVICE_HOST'] !== undefined, ...workloadIdentity(process.env) })
}
