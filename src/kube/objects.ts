import type { Clock, Data, ObjectReader, ObjectRef, PodContainer } from '../runtime/ports.js'
import type { Discovery } from './discovery.js'
import type { KubeHttp } from './http.js'
import { objectPath, type Wire } from './wire.js'
import { containersOf, watchedPlural, type WirePodTemplate, type Workloads } from './workloads.js'

type WireSecret = Wire<{ readonly data?: Readonly<Record<string, string>> }>
type WireConfigMap = Wire<{ readonly data?: Data, readonly binaryData?: Data }>
type WireTemplated = Wire<{ readonly spec?: { readonly template?: WirePodTemplate } }>

/** One question serves everybody who asks the same within this time; those who resolve again each minute get a new answer. */
const freshMs = 5_000

/** Gets of one named object: nothing is listed, nothing is watched, and values are kept for seconds only. Pod templates of watched kinds are known already. */
export class Objects implements ObjectReader {
  readonly #http: KubeHttp
  readonly #clock: Clock
  readonly #workloads: Workloads
  readonly #discovery: Discovery
  readonly #asked = new Map<string, { readonly at: number, readonly answer: Promise<Wire | undefined> }>()

  constructor (parts: { readonly http: KubeHttp, readonly clock: Clock, readonly workloads: Workloads, readonly discovery: Discovery }) {
    this.#http = parts.http
    this.#clock = parts.clock
    this.#workloads = parts.workloads
    this.#discovery = parts.discovery
  }

  async secret (namespace: string, name: string): Promise<Data | undefined> {
    const found = await this.#get(objectPath('v1', 'secrets', namespace, name)) as WireSecret | undefined
    return found === undefined ? undefined : decoded(found.data)
  }

  async configMap (namespace: string, name: string): Promise<Data | undefined> {
    const found = await this.#get(objectPath('v1', 'configmaps', namespace, name)) as WireConfigMap | undefined
    return found === undefined ? undefined : { ...found.data, ...decoded(found.binaryData) }
  }

  async containers (target: ObjectRef): Promise<readonly PodContainer[] | undefined> {
    if (watchedPlural(target) !== undefined) return this.#workloads.get(target)?.containers
    const plural = (await this.#discovery.find(target.apiVersion, target.kind))?.plural
    const found = plural === undefined ? undefined : await this.#get(objectPath(target.apiVersion, plural, target.namespace, target.name)) as WireTemplated | undefined
    return found === undefined ? undefined : containersOf(found.spec?.template)
  }

  #get (path: string): Promise<Wire | undefined> {
    const now = this.#clock.monotonic()
    for (const [old, { at }] of this.#asked) {
      if (now - at < freshMs) break
      this.#asked.delete(old)
    }
    const known = this.#asked.get(path)
    if (known !== undefined) return known.answer
    const answer = this.#http.find<Wire>(path)
    this.#asked.set(path, { at: now, answer })
    answer.catch(() => this.#asked.delete(path)) // whoever asked sees the rejection; the next one asks again
    return answer
  }
}

const decoded = (data: Data = {}): Data => Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]))
