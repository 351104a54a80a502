import type { Clock } from '../../runtime/ports.js'
import type { KubeHttp } from './http.js'

/** How a kind is reached. */
export interface Served { readonly plural: string, readonly namespaced: boolean, readonly scalable: boolean }

interface WireResources { readonly resources?: readonly { readonly name: string, readonly kind: string, readonly namespaced: boolean }[] }

/** A miss is asked again after this, not before: a kind may have been installed meanwhile. */
const missLastsMs = 10_000

/** From a kind to its path, as the API server tells it; asked once a group and version. */
export class Discovery {
  readonly #http: KubeHttp
  readonly #clock: Clock
  readonly #groups = new Map<string, { readonly at: number, readonly resources: Promise<WireResources> }>()

  constructor (http: KubeHttp, clock: Clock) {
    this.#http = http
    this.#clock = clock
  }

  /** Undefined: the server has no such kind. Rejects when it could not be asked. */
  async find (apiVersion: string, kind: string): Promise<Served | undefined> {
    const found = pick(await this.#resources(apiVersion, Infinity), kind)
    return found ?? pick(await this.#resources(apiVersion, missLastsMs), kind)
  }

  #resources (apiVersion: string, notOlderThanMs: number): Promise<WireResources> {
    const now = this.#clock.monotonic()
    const known = this.#groups.get(apiVersion)
    if (known !== undefined && now - known.at < notOlderThanMs) return known.resources
    const resources = this.#http.find<WireResources>(apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`).then(answer => answer ?? {})
    resources.catch(() => this.#groups.delete(apiVersion)) // the caller sees the rejection; the next one asks again
    this.#groups.set(apiVersion, { at: now, resources })
    return resources
  }
}

function pick ({ resources = [] }: WireResources, kind: string): Served | undefined {
  const found = resources.find(r => r.kind === kind && !r.name.includes('/'))
  return found === undefined ? undefined : { plural: found.name, namespaced: found.namespaced, scalable: resources.some(r => r.name === `${found.name}/scale`) }
}
