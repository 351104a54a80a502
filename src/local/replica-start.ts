import type { Container, Probe } from '../api/workload/index.js'
import { expandVariables } from './expand.js'
import type { PodPlan } from './pod-plan.js'
import type { ProbeQuestion } from './probe.js'
import type { ReadinessRule } from './readiness.js'
import { resolveEnvironment, type LookUp } from './environment.js'
import type { Start } from './replica.js'

export interface StartInput {
  readonly plan: PodPlan
  readonly name: string
  readonly log: string
  /** Offered as PORT; a PORT that the container declares wins. */
  readonly freePort: number
  /** PATH, HOME, LANG and the Services' variables. */
  readonly given: Iterable<readonly [string, string]>
  readonly lookUp: LookUp
  readonly isBehindService: boolean
}

/** Everything for one start of a replica, or in words what is missing for it. */
export function replicaStart ({ plan, name, log, freePort, given, lookUp, isBehindService }: StartInput): Start | { readonly failure: string } {
  const { container, cwd } = plan
  const { variables, missing } = resolveEnvironment({
    container, lookUp, given: new Map([...given, ['HOSTNAME', name], ['PORT', String(freePort)]]),
  })
  if (missing.length > 0) return { failure: missing.join('; ') }
  const port = Number(variables.get('PORT'))
  if (!Number.isInteger(port) || port < 1 || port > 65_535) return { failure: `its PORT "${variables.get('PORT') ?? ''}" is not a port number` }
  const env = Object.fromEntries(variables)
  return {
    launch: { command: plan.command.map(word => expandVariables(word, variables)), cwd, env, log },
    port,
    readiness: readinessRule({ container, port, cwd, env, isBehindService }),
  }
}

/** Whether the container says itself where it listens. All its replicas then want the same port. */
export const hasFixedPort = (container: Container): boolean => container.env.some(entry => entry.name === 'PORT')

/**
 * The port of a replica on this machine for a port of its container. The first port that a container declares is where PORT points; so is any port of a container
 * that declares none. A second one is taken as it is written: nothing tells the process another.
 */
export function replicaPort (asked: number | string, container: Container, port: number): number | undefined {
  const index = container.ports.findIndex(p => p.name === asked || p.containerPort === asked)
  if (index === 0 || container.ports.length === 0) return port
  return container.ports[index]?.containerPort ?? (typeof asked === 'number' ? asked : undefined)
}

interface ReadinessInput {
  readonly container: Container
  readonly port: number
  readonly cwd: string
  readonly env: Readonly<Record<string, string>>
  readonly isBehindService: boolean
}

/** As the probe is declared; without one: an open PORT where somebody is to connect to it, else that it runs. */
export function readinessRule (input: ReadinessInput): ReadinessRule {
  const { container: { readinessProbe: probe, ports }, port, isBehindService } = input
  if (probe !== undefined) {
    return {
      question: probeQuestion(probe, input),
      goesOn: true,
      periodMs: probe.periodSeconds * 1000,
      timeoutMs: probe.timeoutSeconds * 1000,
      failureThreshold: probe.failureThreshold,
      successThreshold: probe.successThreshold,
    }
  }
  const question: ProbeQuestion | undefined = ports.length > 0 || isBehindService ? { kind: 'tcp', host: '127.0.0.1', port } : undefined
  return { question, goesOn: false, periodMs: 0, timeoutMs: 1000, failureThreshold: 1, successThreshold: 1 }
}

function probeQuestion ({ httpGet, tcpSocket, exec }: Probe, { container, port, cwd, env }: ReadinessInput): ProbeQuestion | undefined {
  const own = (asked: number | string): number => replicaPort(asked, container, port) ?? port
  if (httpGet !== undefined) {
    return {
      kind: 'http', scheme: httpGet.scheme === 'HTTPS' ? 'https' : 'http', host: httpGet.host ?? '127.0.0.1', port: own(httpGet.port), path: httpGet.path, headers: httpGet.httpHeaders,
    }
  }
  if (tcpSocket !== undefined) return { kind: 'tcp', host: tcpSocket.host ?? '127.0.0.1', port: own(tcpSocket.port) }
  if (exec !== undefined) return { kind: 'exec', command: exec.command, cwd, env } // kubelet replaces no $(VAR) here either
  return undefined
}
