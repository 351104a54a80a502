import { connect } from 'node:net'
import { sourceOf, triggerKey, type ScaledObject, type Trigger } from '../../api/index.js'
import { errorCode, errorMessage, TidegateError } from '../../core/errors.js'
import type { Clock, Log } from '../../runtime/ports.js'
import { measuredAs } from '../../plugin/reading.js'
import type { Kit } from '../../plugin/kit.js'
import type { Registry } from '../../registry/registry.js'
import { connectorConfig, scalerConfig } from '../../runtime/configs.js'
import { kitFor } from '../../runtime/kit.js'
import { refKey, type ObjectRef } from '../../runtime/ports.js'
import { sharing, untilAborted } from '../../runtime/sharing.js'
import type { ResolvedConfig } from '../../runtime/scaling/source-reader.js'
import { formatProblem } from '../../spec/problem.js'
import { fact, type Fact } from './facts.js'
import { targetIn, type Patient } from './patient.js'

const sourceFact = fact('sources')
const patienceMs = 5_000

export interface SourceParts {
  readonly registry: Registry
  readonly clock: Clock
  readonly log: Log
  /** Whether this process is where the operator works: elsewhere an address that leads nowhere says little. */
  readonly isInside: boolean
  readonly workloadIdentity?: NonNullable<Kit['workloadIdentity']>
}

/** Looks once at each source that an object of ours names, with its credentials: scalers read, and change nothing; of connectors the addresses are tried. */
export async function sourceFacts (patient: Patient, parts: SourceParts): Promise<readonly Fact[]> {
  const shared = sharing(parts.clock, parts.log)
  const looks = patient.objects.filter(({ standing }) => standing.kind === 'ours').flatMap(({ ref, resource }) => {
    if (resource?.kind === 'ScaledObject') return resource.spec.triggers.map((trigger, index) => [`${refKey(ref)}, trigger ${triggerKey(trigger, index)} (${trigger.type})`, (signal: AbortSignal) => readOnce(resource, index, ref, patient, parts, shared, signal)] as const)
    return resource?.kind === 'Trigger' ? [[`${refKey(ref)} (${sourceOf(resource).key})`, (signal: AbortSignal) => tryAddresses(resource, patient, parts, signal)] as const] : []
  })
  return Promise.all(looks.map(async ([what, look]) => {
    try {
      const signal = AbortSignal.timeout(patienceMs)
      return sourceFact('ok', `${what}: ${await untilAborted(look(signal), signal)}`)
    } catch (error) {
      return failure(what, error, parts.isInside)
    }
  }))
}

function failure (what: string, error: unknown, isInside: boolean): Fact {
  const code = errorCode(error, 'TG_SOURCE_UNREACHABLE')
  const message = error instanceof DOMException ? `no answer within ${patienceMs / 1000} s` : errorMessage(error)
  if (code === 'TG_SOURCE_UNREACHABLE' && !isInside) return sourceFact('warning', `${what}: ${code} from this machine: ${message}`, 'run doctor in the operator\'s pod to see it from there')
  return sourceFact('problem', `${what}: ${code} ${message}`, error instanceof TidegateError ? error.hint : undefined)
}

async function readOnce (so: ScaledObject, index: number, ref: ObjectRef, patient: Patient, parts: SourceParts, shared: ReturnType<typeof sharing>, signal: AbortSignal): Promise<string> {
  const definition = parts.registry.scaler(so.spec.triggers[index]?.type ?? '')
  const target = targetIn(patient.cluster, so)
  if (definition === undefined || target === undefined) throw new TidegateError('TG_SCALER_UNKNOWN', 'there is no such scaler')
  const config = usable(await scalerConfig(so, index, definition, target, patient.config, 0))
  const kit = kitFor({ kind: ref.kind, namespace: ref.namespace, name: ref.name, uid: so.metadata.uid ?? '' }, definition.type, {
    clock: parts.clock, log: parts.log, random: () => Math.random(), sharing: shared, state: nothingKept, workloads: patient.cluster.pods,
    ...(parts.workloadIdentity === undefined ? {} : { workloadIdentity: parts.workloadIdentity }),
  })
  const scaler = await definition.open(config, kit, measuredAs({ ...definition.measure(config), metricType: 'AverageValue' }))
  try {
    const look = await scaler.read(signal)
    return 'kind' in look ? `answers; ${look.why}` : `answers: ${look.map(m => `${m.name} is ${m.value}`).join(', ')}`
  } finally {
    await scaler.close()
  }
}

const nothingKept = { get: async () => undefined, compareAndSet: async () => false, delete: async () => undefined }

/** A connector that is opened makes consumers and takes events in hand: only its addresses are tried. */
async function tryAddresses (trigger: Trigger, patient: Patient, parts: SourceParts, signal: AbortSignal): Promise<string> {
  const definition = parts.registry.connectorByKey(sourceOf(trigger).key)
  if (definition === undefined) throw new TidegateError('TG_CONNECTOR_UNKNOWN', 'there is no such connector')
  const config = usable(await connectorConfig(trigger, definition, targetIn(patient.cluster, trigger), patient.config, 0)) as Readonly<Record<string, unknown>>
  const addresses = ['servers', 'bootstrapServers'].flatMap(field => Array.isArray(config[field]) ? config[field].filter(one => typeof one === 'string') : [])
  if (addresses.length === 0) return 'its configuration is complete; there is no address to try'
  const tried = await Promise.all(addresses.map(async address => ({ address, error: await reach(address, signal) })))
  const reached = tried.find(({ error }) => error === undefined)
  if (reached === undefined) throw new TidegateError('TG_SOURCE_UNREACHABLE', tried.map(({ address, error }) => `${address}: ${error ?? ''}`).join(', '))
  return `${reached.address} is reached`
}

/** Undefined, or why not. */
function reach (address: string, signal: AbortSignal): Promise<string | undefined> {
  const { hostname, port } = new URL(address.includes('://') ? address : `tcp://${address}`)
  return new Promise(resolve => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port === '' ? 4222 : port), signal })
    socket.once('connect', () => { socket.destroy(); resolve(undefined) })
    socket.once('error', error => resolve(errorMessage(error)))
  })
}

function usable (resolved: ResolvedConfig): unknown {
  if (!resolved.ok) throw new TidegateError(resolved.problems[0]?.code ?? 'TG_CONFIG_INVALID', resolved.problems.map(formatProblem).join('; '))
  return resolved.config
}
