import type { DeploymentController } from './deployment-controller.js'
import type { LocalService, ServicePort } from './local-service.js'
import { replicaPort } from './replica-start.js'
import type { Replica } from './replica.js'
import type { Endpoint, FunctionState } from '../runtime/ports.js'

/** What a function's name stands for on this machine. */
export interface Behind {
  readonly service: LocalService | undefined
  /** Deployments whose replicas the Service selects, or the Deployment of the function's own name where there is no Service. */
  readonly deployments: readonly DeploymentController[]
}

/** The state of a function: what to scale, and one address a ready replica, the replica's own and not the Service's. */
export function functionState ({ service, deployments }: Behind, port: number | string | undefined): FunctionState {
  const [target] = deployments
  const ready = deployments.flatMap(deployment => [...deployment.replicas].filter(r => r.isReady).map(replica => ({ deployment, replica })))
  const lastStart = newestStart(ready.map(({ replica }) => replica))
  return {
    target: target?.ref,
    endpoints: ready.flatMap(({ deployment, replica }) => endpoint(replica, portOf(deployment, replica, service, port))),
    ...lastStart === undefined ? {} : { lastStart },
  }
}

export const noKnative: FunctionState = {
  target: undefined, endpoints: [],
  trouble: { reason: 'KnativeNotInstalled', message: 'TG_CONFIG_NOT_LOCAL Knative does not run on one machine; give the Deployment and Service of the function, or a url' },
}

function portOf (deployment: DeploymentController, replica: Replica, service: LocalService | undefined, port: number | string | undefined): number | undefined {
  const { container } = deployment.plan
  if (service === undefined) return port === undefined ? replica.port : replicaPort(port, container, replica.port)
  const declared = service.declared.find(p => port === undefined || p.port === port || p.name === port)
  return declared === undefined ? undefined : backendPort(deployment, replica, declared)
}

/** Where a Service's port leads to at one replica. */
export const backendPort = (deployment: DeploymentController, replica: Replica, { port, targetPort }: ServicePort): number | undefined =>
  replicaPort(targetPort ?? port, deployment.plan.container, replica.port)

const endpoint = (replica: Replica, port: number | undefined): readonly Endpoint[] =>
  port === undefined ? [] : [{ id: replica.name, url: `http://127.0.0.1:${port}` }]

function newestStart (replicas: readonly Replica[]): FunctionState['lastStart'] {
  const starts = replicas.flatMap(({ startedAt, readyAt }) => startedAt === undefined || readyAt === undefined ? [] : [{ startedAt, readyAt }])
  return starts.sort((a, b) => b.readyAt - a.readyAt)[0]
}
