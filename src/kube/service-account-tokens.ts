import { TidegateError } from '../core/errors.js'
import type { Clock } from '../runtime/ports.js'
import { ApiError } from './api/api-error.js'
import type { KubeHttp } from './api/http.js'
import { objectPath, type Wire } from './api/wire.js'

type WireToken = Wire<{ readonly status?: { readonly token?: string, readonly expirationTimestamp?: string } }>

/** What is asked for; a server may give less, or more. */
const lifeSeconds = 3_600
/** Part of a token's life after which another is asked for, as kubelets do. */
const usedPart = 0.8

interface Kept { readonly askedAt: number, readonly answer: Promise<{ readonly token: string, readonly renewAt: number } | undefined> }

/** Tokens of service accounts, one for each account however many use it, renewed before they expire. */
export class ServiceAccountTokens {
  readonly #http: KubeHttp
  readonly #clock: Clock
  readonly #kept = new Map<string, Kept>()

  constructor (http: KubeHttp, clock: Clock) {
    this.#http = http
    this.#clock = clock
  }

  /**
   * Undefined: there is no such account. Rejects with TG_REF_FORBIDDEN without the right to its tokens. A `maxAgeMs` below a few seconds means
   * that the token at hand was refused: only one that was asked for within that time is given again.
   */
  async get (namespace: string, account: string, maxAgeMs: number): Promise<string | undefined> {
    const key = `${namespace}/${account}`
    const kept = this.#kept.get(key)
    if (kept !== undefined && await this.#isGood(kept, maxAgeMs)) return (await kept.answer)?.token
    const present = this.#kept.get(key)
    if (present !== undefined && present !== kept) return (await present.answer)?.token // somebody asked meanwhile
    const asked: Kept = { askedAt: this.#clock.monotonic(), answer: this.#ask(namespace, account) }
    this.#kept.set(key, asked)
    asked.answer.catch(() => { if (this.#kept.get(key) === asked) this.#kept.delete(key) }) // whoever asked sees the rejection; the next one asks again
    return (await asked.answer)?.token
  }

  async #isGood ({ askedAt, answer }: Kept, maxAgeMs: number): Promise<boolean> {
    const got = await answer
    const age = this.#clock.monotonic() - askedAt
    if (got === undefined || maxAgeMs < refusedBelowMs) return age <= maxAgeMs
    return this.#clock.now() < got.renewAt
  }

  async #ask (namespace: string, account: string): Promise<{ token: string, renewAt: number } | undefined> {
    const began = this.#clock.now()
    try {
      const { status } = await this.#http.request<WireToken>({
        method: 'POST', urgency: 'read', path: objectPath('v1', 'serviceaccounts', namespace, account, 'token'),
        body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: lifeSeconds } },
      })
      const expires = Date.parse(status?.expirationTimestamp ?? '')
      const life = Number.isFinite(expires) ? expires - began : lifeSeconds * 1000
      return { token: status?.token ?? '', renewAt: began + life * usedPart }
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.isMissing) return undefined
      if (error.status === 403) {
        throw new TidegateError('TG_REF_FORBIDDEN', `no right to tokens of ServiceAccount ${namespace}/${account}`,
          { cause: error, hint: 'grant create on serviceaccounts/token for this name in a Role; `tidegate doctor --print-rbac` writes it' })
      }
      throw error
    }
  }
}

const refusedBelowMs = 5_000
