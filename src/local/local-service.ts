import { join } from 'node:path'
import type { Service } from '../api/workload/index.js'
import { readIfThere, replaceFile } from './files.js'
import { freePort, isFree } from './free-port.js'
import type { LocalParts } from './parts.js'
import { serviceListener, type Backend, type ServiceListener } from './service-listener.js'
import { fileNameOf } from './state-folder.js'

export type ServicePort = Service['spec']['ports'][number]

export interface LocalServiceParts extends LocalParts {
  readonly backends: (service: Service, port: ServicePort) => readonly Backend[]
}

/** A Service as stable loopback ports, one for each of its TCP ports. */
export class LocalService {
  /** Declared port → port of this machine, once bound. */
  readonly ports = new Map<number, number>()
  readonly #listeners: ServiceListener[] = []

  constructor (public service: Service, private readonly parts: LocalServiceParts) {}

  /** TCP ports in their declared order. */
  get declared (): readonly ServicePort[] {
    const { spec } = this.service
    return spec.type === 'ExternalName' ? [] : spec.ports.filter(port => port.protocol === 'TCP')
  }

  /** Its ports by name, as far as they are bound; for `NAME_SERVICE_PORT`. */
  bound (): readonly { readonly name: string | undefined, readonly port: number }[] {
    return this.declared.flatMap(({ name, port }) => {
      const local = this.ports.get(port)
      return local === undefined ? [] : [{ name, port: local }]
    })
  }

  matches (labels: Readonly<Record<string, string>>): boolean {
    const selector = Object.entries(this.service.spec.selector)
    return selector.length > 0 && selector.every(([key, value]) => labels[key] === value)
  }

  /** The declared port where it is free and needs no privilege, else the port it had last time, else a free one that is kept. */
  async bind (): Promise<void> {
    const kept = this.#kept()
    for (const declared of this.declared) {
      const listener = serviceListener(() => this.parts.backends(this.service, declared))
      const local = await this.#choose(declared.port, kept[declared.port])
      await listener.listen(local)
      this.#listeners.push(listener)
      this.ports.set(declared.port, local)
      if (local !== declared.port) this.#tellMoved(declared.port, local)
    }
    replaceFile(this.#file(), JSON.stringify({ ...kept, ...Object.fromEntries(this.ports) }))
  }

  async close (): Promise<void> {
    await Promise.all(this.#listeners.splice(0).map(listener => listener.close()))
    this.ports.clear()
  }

  async #choose (declared: number, kept: number | undefined): Promise<number> {
    if (declared >= 1024 && await isFree(declared)) return declared
    if (kept !== undefined && await isFree(kept)) return kept
    return freePort(this.parts.random, new Set())
  }

  #kept (): Readonly<Record<string, number>> {
    return JSON.parse(readIfThere(this.#file()) ?? '{}') as Readonly<Record<string, number>>
  }

  #file (): string {
    const { namespace, name } = this.service.metadata
    return join(this.parts.folder.services, fileNameOf(namespace, name))
  }

  #tellMoved (declared: number, local: number): void {
    const { namespace, name } = this.service.metadata
    const why = declared < 1024 ? 'needs a privilege' : 'is taken'
    this.parts.events.emit({ apiVersion: 'v1', kind: 'Service', namespace, name },
      { type: 'Normal', reason: 'PortChosen', note: `port ${declared} ${why} on this machine; listening on 127.0.0.1:${local}` })
  }
}
