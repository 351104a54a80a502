import { errorMessage, TidegateError } from '../../core/errors.js'
import type { FollowedPods, Workloads } from '../../runtime/ports.js'
import { ApiError } from '../api/api-error.js'
import { Reflector, type ReflectorParts } from '../api/reflector.js'
import { collectionPath } from '../api/wire.js'

/** Pods of these phases have ended; the server leaves them out. */
const notEnded = 'status.phase!=Succeeded,status.phase!=Failed'

/** Counts of pods for scalers: a watch each, and only of what is asked for; of a pod nothing but its being there is kept. */
export const followedPods = (parts: ReflectorParts): Workloads => ({
  follow: (namespace, selector) => new Followed(parts, namespace === '*' ? '' : namespace, selector),
})

class Followed implements FollowedPods {
  readonly #reflector: Reflector<null>
  readonly #what: string
  readonly #stopping = new AbortController()
  readonly #listeners = new Set<(count: number) => void>()
  readonly #run: Promise<void>
  readonly #parts: ReflectorParts

  constructor (parts: ReflectorParts, namespace: string, labelSelector: string) {
    this.#parts = parts
    this.#what = `pods ${labelSelector} of ${namespace === '' ? 'all namespaces' : namespace}`
    this.#reflector = new Reflector(parts, { path: collectionPath('v1', 'pods', namespace), query: { labelSelector, fieldSelector: notEnded }, trim: () => null })
    const tell = (): void => { for (const listener of this.#listeners) listener(this.#reflector.size) }
    this.#reflector.listen({ applied: tell, deleted: tell })
    this.#run = this.#reflector.run(this.#stopping.signal)
  }

  /** What was listed may be out of date while the server is out of sight: then it is no count. */
  async count (signal: AbortSignal): Promise<number> {
    if (this.#reflector.fault !== undefined) throw this.#unknown(this.#reflector.fault)
    const answered = new AbortController()
    const either = AbortSignal.any([signal, answered.signal])
    const isListed = await Promise.race([this.#reflector.synced.then(() => true), this.#parts.clock.sleep(longestListMs, either).then(() => false)])
    answered.abort()
    signal.throwIfAborted()
    const { fault } = this.#reflector
    if (fault !== undefined || !isListed) throw this.#unknown(fault ?? `not listed within ${longestListMs / 1000} s`)
    return this.#reflector.size
  }

  changes (listener: (count: number) => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  async close (): Promise<void> {
    this.#stopping.abort()
    await this.#run
  }

  #unknown (fault: unknown): TidegateError {
    const isRefused = fault instanceof ApiError && (fault.status === 401 || fault.status === 403)
    return new TidegateError(isRefused ? 'TG_SOURCE_REFUSED' : 'TG_SOURCE_UNREACHABLE', `${this.#what} cannot be counted: ${errorMessage(fault)}`, { cause: fault })
  }
}

const longestListMs = 5_000
