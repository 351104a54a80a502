import { errorMessage } from '../../core/errors.js'
import type { FunctionRef, FunctionState } from '../../runtime/ports.js'
import { consentOf, isAllowed, notAllowed, type Consent } from './consent.js'
import type { Discovery } from '../api/discovery.js'
import { eachNamespace, type Namespaces } from '../api/namespaces.js'
import { Reflector, type ReflectorParts } from '../api/reflector.js'
import { collectionPath, nameKey, type Wire } from '../api/wire.js'

type WireKnativeService = Wire<{ readonly status?: {
  readonly address?: { readonly url?: string }
  readonly conditions?: readonly { readonly type: string, readonly status: string, readonly reason?: string, readonly message?: string }[]
} }>
interface KnativeService { readonly url: string | undefined, readonly why: string, readonly consent: Consent }

const apiVersion = 'serving.knative.dev/v1'
/** Until it is asked again whether Knative was installed meanwhile. */
const askEveryMs = 15_000

/** Knative Services: one address for all their replicas, which Knative starts and ends by itself. Watched while a Trigger names one. */
export class KnativeServices {
  readonly #parts: ReflectorParts
  readonly #discovery: Discovery
  readonly #namespaces: Namespaces
  readonly #services = new Map<string, KnativeService>()
  readonly #onChange: () => void
  #watching: AbortController | undefined
  #users = 0
  #isServed = true

  constructor (parts: ReflectorParts, discovery: Discovery, namespaces: Namespaces, onChange: () => void) {
    this.#parts = parts
    this.#discovery = discovery
    this.#namespaces = namespaces
    this.#onChange = onChange
  }

  /** Keeps the watch open until the function returned is called. */
  use (): () => void {
    this.#users++
    this.#watching ??= this.#watch()
    return () => {
      if (--this.#users > 0) return
      this.#watching?.abort()
      this.#watching = undefined
      this.#services.clear()
    }
  }

  /** Undefined: there is none of this name. */
  stateOf (fn: FunctionRef): FunctionState | undefined {
    const found = this.#services.get(nameKey(fn))
    if (found === undefined) return this.#isServed ? trouble('FunctionNotFound', `TG_TARGET_NOT_FOUND there is no Knative Service ${fn.namespace}/${fn.name}; create it, or mend spec.function.name`) : notInstalled
    if (!isAllowed(fn, found.consent)) return notAllowed(fn)
    return found.url === undefined
      ? trouble('FunctionNotReady', `Knative Service ${fn.namespace}/${fn.name} has no address yet${found.why}`)
      : { target: undefined, endpoints: [{ id: found.url, url: found.url }] }
  }

  #watch (): AbortController {
    const life = new AbortController()
    for (const reflector of eachNamespace(this.#namespaces, namespace => new Reflector(this.#parts, { path: collectionPath(apiVersion, 'services', namespace), trim, optional: true }))) {
      reflector.listen({ applied: (service, key) => this.#is(key, service), deleted: (_, key) => this.#is(key, undefined) })
      void reflector.run(life.signal)
    }
    void this.#askUntilServed(life.signal)
    return life
  }

  #is (key: string, now: KnativeService | undefined): void {
    if (now === undefined) this.#services.delete(key)
    else this.#services.set(key, now)
    this.#onChange()
  }

  async #askUntilServed (signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        const isServed = await this.#discovery.find(apiVersion, 'Service') !== undefined
        if (isServed !== this.#isServed) {
          this.#isServed = isServed
          this.#onChange()
        }
        if (isServed) return
      } catch (error) {
        this.#parts.log.warn({ err: errorMessage(error) }, 'whether Knative Serving is installed could not be asked; trying again')
      }
      await this.#parts.clock.sleep(askEveryMs, signal)
    }
  }
}

const trouble = (reason: string, message: string): FunctionState => ({ target: undefined, endpoints: [], trouble: { reason, message } })

const notInstalled = trouble('KnativeNotInstalled', `TG_TARGET_NOT_FOUND the cluster has no kind ${apiVersion} Service; install Knative Serving, or name a Service or Deployment`)

function trim (raw: Wire): KnativeService {
  const { metadata, status } = raw as WireKnativeService
  const ready = status?.conditions?.find(c => c.type === 'Ready')
  const why = ready === undefined || ready.status === 'True' ? '' : `: ${[ready.reason, ready.message].filter(Boolean).join(': ')}`
  return { url: status?.address?.url, why, consent: consentOf(metadata) }
}
