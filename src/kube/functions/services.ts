import { nameKey, collectionPath, type Wire } from '../api/wire.js'
import { consentOf, type Consent } from './consent.js'
import { eachNamespace, type Namespaces } from '../api/namespaces.js'
import { Reflector, type ReflectorParts } from '../api/reflector.js'

interface ServicePort { readonly name?: string, readonly port: number }
type WireService = Wire<{ readonly spec?: { readonly selector?: Readonly<Record<string, string>>, readonly ports?: readonly ServicePort[] } }>
type WireSlice = Wire<{
  readonly ports?: readonly { readonly name?: string, readonly port?: number }[] | null
  readonly endpoints?: readonly {
    readonly addresses: readonly string[]
    readonly conditions?: { readonly ready?: boolean }
    readonly targetRef?: { readonly name?: string }
  }[] | null
}>

/** What is kept of a Service. */
export interface Service { readonly selector: Readonly<Record<string, string>>, readonly ports: readonly ServicePort[], readonly consent: Consent }
/** One ready pod of a Service, on one port. */
export interface Address { readonly id: string, readonly address: string, readonly port: number }
interface Slice { readonly service: string, readonly ports: ReadonlyMap<string, number>, readonly ready: readonly { readonly id: string, readonly address: string }[] }

const serviceLabel = 'kubernetes.io/service-name'

/** Services and the ready pods behind them, by their EndpointSlices. `onChange`: one of them changed, by `namespace/name`. */
export class Services {
  readonly reflectors: readonly (Reflector<Service> | Reflector<Slice>)[]
  readonly #services = new Map<string, Service>()
  readonly #slicesOf = new Map<string, Map<string, Slice>>()
  readonly #onChange: (service: string) => void

  constructor (parts: ReflectorParts, namespaces: Namespaces, onChange: (service: string) => void) {
    this.#onChange = onChange
    const services = eachNamespace(namespaces, namespace => new Reflector(parts, { path: collectionPath('v1', 'services', namespace), trim: trimService }))
    const slices = eachNamespace(namespaces, namespace => new Reflector(parts, { path: collectionPath('discovery.k8s.io/v1', 'endpointslices', namespace), trim: trimSlice }))
    for (const each of services) each.listen({ applied: (service, key) => this.#serviceIs(key, service), deleted: (_, key) => this.#serviceIs(key, undefined) })
    for (const each of slices) each.listen({ applied: (slice, key) => this.#sliceIs(slice, key, slice), deleted: (slice, key) => this.#sliceIs(slice, key, undefined) })
    this.reflectors = [...services, ...slices]
  }

  get (namespace: string, name: string): Service | undefined { return this.#services.get(nameKey({ namespace, name })) }

  /**
   * Ready pods on the port of this number or name, or the first. An address may stand in two slices for a moment. One that ends is left out even where
   * no other is ready (kube-proxy takes it then): an event waits for the next replica better than it fails at one that is going.
   */
  addresses (namespace: string, name: string, port: number | string | undefined): readonly Address[] {
    const ports = this.get(namespace, name)?.ports ?? []
    const portName = (port === undefined ? ports[0] : ports.find(p => p.port === port || p.name === port))?.name ?? ''
    const found = [...this.#slicesOf.get(nameKey({ namespace, name }))?.values() ?? []].flatMap(slice => {
      const number = slice.ports.get(portName)
      return number === undefined ? [] : slice.ready.map(each => ({ ...each, port: number }))
    })
    return [...new Map(found.map(each => [each.id, each])).values()]
  }

  #serviceIs (key: string, now: Service | undefined): void {
    if (now === undefined) this.#services.delete(key)
    else this.#services.set(key, now)
    this.#onChange(key)
  }

  #sliceIs (named: Slice, key: string, now: Slice | undefined): void {
    const service = nameKey({ namespace: key.slice(0, key.indexOf('/')), name: named.service })
    const slices = this.#slicesOf.get(service) ?? new Map<string, Slice>()
    this.#slicesOf.set(service, slices)
    if (now === undefined) slices.delete(key)
    else slices.set(key, now)
    if (slices.size === 0) this.#slicesOf.delete(service)
    this.#onChange(service)
  }
}

const trimService = (raw: Wire): Service => {
  const { spec, metadata } = raw as WireService
  return { selector: spec?.selector ?? {}, ports: (spec?.ports ?? []).map(({ name, port }) => ({ port, ...(name === undefined ? {} : { name }) })), consent: consentOf(metadata) }
}

function trimSlice (raw: Wire): Slice {
  const { metadata, ports, endpoints } = raw as WireSlice
  return {
    service: metadata.labels?.[serviceLabel] ?? '',
    ports: new Map((ports ?? []).flatMap(({ name = '', port }) => port === undefined ? [] : [[name, port]])),
    ready: (endpoints ?? []).flatMap(({ addresses: [address], conditions = {}, targetRef }) => address === undefined || conditions.ready === false ? [] : [{ id: targetRef?.name ?? address, address }]),
  }
}
