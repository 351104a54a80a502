import type { Clock, Data, ObjectReader, ObjectRef, PodContainer } from '../../runtime/ports.js'
import type { Discovery } from '../api/discovery.js'
import type { KubeHttp } from '../api/http.js'
import { ServiceAccountTokens } from '../service-account-tokens.js'
import { forbidden } from '../api/api-error.js'
import { objectPath, type Wire } from '../api/wire.js'
import { containersOf, watchedPlural, type WirePodTemplate, type Workloads } from '../targets/workloads.js'

type WireSecret = Wire<{ readonly data?: Readonly<Record<string, string>> }>
type WireConfigMap = Wire<{ readonly data?: Data, readonly binaryData?: Data }>
type WireTemplated = Wire<{ readonly spec?: { readonly template?: WirePodTemplate } }>

/** A pod template that was read serves everybody who asks within this time. */
const templateMs = 5_000
/** Nobody takes an answer that is older. */
const keptMs = 60_000

/** Gets of one named object: nothing is listed, nothing is watched, and values are kept for a minute at most. Pod templates of watched kinds are known already. */
export class Objects implements ObjectReader {
  readonly #http: KubeHttp
  readonly #clock: Clock
  readonly #workloads: Workloads
  readonly #discovery: Discovery
  readonly #tokens: ServiceAccountTokens
  readonly #asked = new Map<string, { readonly at: number, readonly answer: Promise<Wire | undefined> }>()

  constructor (parts: { readonly http: KubeHttp, readonly clock: Clock, readonly workloads: Workloads, readonly discovery: Discovery }) {
    this.#http = parts.http
    this.#clock = parts.clock
    this.#workloads = parts.workloads
    this.#discovery = parts.discovery
    this.#tokens = new ServiceAccountTokens(parts.http, parts.clock)
  }

  async secret (namespace: string, name: string, maxAgeMs: number): Promise<Data | undefined> {
    const found = await this.#get(objectPath('v1', 'secrets', namespace, name), maxAgeMs).catch((error: unknown) => forbidden(error, `Secret ${namespace}/${name}`)) as WireSecret | undefined
    return found === undefined ? undefined : decoded(found.data)
  }

  async configMap (namespace: string, name: string, maxAgeMs: number): Promise<Data | undefined> {
    const found = await this.#get(objectPath('v1', 'configmaps', namespace, name), maxAgeMs).catch((error: unknown) => forbidden(error, `ConfigMap ${namespace}/${name}`)) as WireConfigMap | undefined
    return found === undefined ? undefined : { ...found.data, ...decoded(found.binaryData) }
  }

  token (namespace: string, serviceAccount: string, maxAgeMs: number): Promise<string | undefined> {
    return this.#tokens.get(namespace, serviceAccount, maxAgeMs)
  }

  async containers (target: ObjectRef): Promise<readonly PodContainer[] | undefined> {
    if (watchedPlural(target) !== undefined) return this.#workloads.get(target)?.containers
    const plural = (await this.#discovery.find(target.apiVersion, target.kind))?.plural
    const found = plural === undefined ? undefined : await this.#get(objectPath(target.apiVersion, plural, target.namespace, target.name), templateMs) as WireTemplated | undefined
    return found === undefined ? undefined : containersOf(found.spec?.template)
  }

  /** The same question is asked once at a time, and an answer serves everybody to whom it is not too old. */
  #get (path: string, maxAgeMs: number): Promise<Wire | undefined> {
    const now = this.#clock.monotonic()
    for (const [old, { at }] of this.#asked) {
      if (now - at < keptMs) break
      this.#asked.delete(old)
    }
    const known = this.#asked.get(path)
    if (known !== undefined && now - known.at <= maxAgeMs) return known.answer
    const answer = this.#http.find<Wire>(path)
    const asked = { at: now, answer }
    this.#asked.delete(path) // the oldest come first
    this.#asked.set(path, asked)
    answer.catch(() => { if (this.#asked.get(path) === asked) this.#asked.delete(path) }) // whoever asked sees the rejection; the next one asks again
    return answer
  }
}

const decoded = (data: Data = {}): Data => Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]))
