import type { Service } from '../api/workload/index.js'
import type { EnvVar } from '../runtime/ports.js'
import { serviceVariables } from './environment.js'
import { LocalService, type LocalServiceParts } from './local-service.js'
import { inBackground } from './parts.js'
import type { PodPlan } from './pod-plan.js'

/** All Services of the machine. They are bound one after the other in the order of their manifests, and not before `open`. */
export class Services {
  readonly #all = new Map<string, LocalService>()
  /** Every Service known so far is bound, or said why it could not be. Never rejects. */
  #bound: Promise<void>
  #open!: () => void

  constructor (private readonly parts: LocalServiceParts, private readonly changed: () => void) {
    this.#bound = new Promise(resolve => { this.#open = resolve })
  }

  /** Lets the binding begin; resolves when what is known is bound. */
  open (): Promise<void> {
    this.#open()
    return this.#bound
  }

  bound (): Promise<void> { return this.#bound }

  get (key: string): LocalService | undefined { return this.#all.get(key) }

  apply (key: string, service: Service): void {
    const known = this.#all.get(key)
    if (known !== undefined && JSON.stringify(known.service.spec) === JSON.stringify(service.spec)) return
    const local = new LocalService(service, this.parts)
    this.#all.set(key, local)
    this.#inTurn(async () => {
      await known?.close()
      await local.bind()
    })
  }

  delete (key: string): void {
    const service = this.#all.get(key)
    this.#all.delete(key)
    this.#inTurn(async () => service?.close())
  }

  async closeAll (): Promise<void> {
    await Promise.all([...this.#all.values()].map(service => service.close()))
  }

  /** `NAME_SERVICE_HOST` and its like for every Service of a namespace that is bound. */
  variables (namespace: string): readonly EnvVar[] {
    return this.#of(namespace).flatMap(local => serviceVariables(local.service.metadata.name, local.bound()))
  }

  /** Whether somebody is to connect to replicas of this plan. */
  select ({ namespace, labels }: PodPlan): boolean {
    return this.#of(namespace).some(local => local.matches(labels))
  }

  #of (namespace: string): readonly LocalService[] {
    return [...this.#all.values()].filter(({ service }) => service.metadata.namespace === namespace)
  }

  #inTurn (work: () => Promise<void>): void {
    const bound = this.#bound.then(work)
    inBackground(bound, this.parts.log, 'could not bind a Service')
    this.#bound = Promise.allSettled([bound]).then(this.changed)
  }
}
