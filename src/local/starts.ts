import { passedOn } from './environment.js'
import { freePort } from './free-port.js'
import type { Manifests } from './manifests.js'
import type { PodPlan } from './pod-plan.js'
import type { ReadinessRule } from './readiness.js'
import { readinessRule, replicaStart } from './replica-start.js'
import type { Start } from './replica.js'
import type { Services } from './services.js'

export interface StartsParts {
  readonly services: Services
  readonly manifests: Manifests
  readonly random: () => number
  /** Names of the replicas that there are. */
  readonly living: () => Iterable<string>
}

/** Makes everything that a process needs for one start: its environment, and a port that no other of ours has. */
export class Starts {
  readonly #parts: StartsParts
  /** Ports handed to replicas, so that two that start together get two. */
  readonly #ports = new Map<string, number>()

  constructor (parts: StartsParts) { this.#parts = parts }

  /** A replica that runs already has this port. */
  took (name: string, port: number): void { this.#ports.set(name, port) }

  async prepare (plan: PodPlan, { name, log }: { readonly name: string, readonly log: string }): Promise<Start | { readonly failure: string }> {
    const { services, random, living } = this.#parts
    await services.bound()
    const names = new Set(living())
    for (const known of this.#ports.keys()) if (!names.has(known)) this.#ports.delete(known)
    const port = await freePort(random, new Set(this.#ports.values()))
    this.#ports.set(name, port)
    return this.#startOf(plan, name, log, port)
  }

  /** How a replica that runs already is asked whether it is ready. */
  readinessOf (plan: PodPlan, port: number): ReadinessRule {
    const start = this.#startOf(plan, '', '', port)
    return 'failure' in start ? readinessRule({ ...plan, env: {}, port, isBehindService: this.#parts.services.select(plan) }) : start.readiness
  }

  #startOf (plan: PodPlan, name: string, log: string, freePort: number): Start | { readonly failure: string } {
    const { services, manifests } = this.#parts
    const variables = services.variables(plan.namespace).map(({ name, value = '' }) => [name, value] as const)
    return replicaStart({
      plan, name, log, freePort, given: [...passedOn(process.env), ...variables],
      lookUp: manifests.lookUp(plan.namespace), isBehindService: services.select(plan),
    })
  }
}
