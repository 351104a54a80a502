import type { KubeHttp, Call } from './http.js'

export interface Permission {
  /** At this instant. */
  mayWrite(): boolean
  /** Resolves when that is known better: at once where it is allowed or will not be; where a renewal is late, when it came or did not come for seconds. */
  soon(): Promise<void>
}

/** Every write of ours but the lease's own passes here: nothing leaves a process that does not hold the lease, or that only watches. */
export class Writer {
  readonly #http: KubeHttp
  readonly #permission: Permission
  /** Decides and writes nothing. */
  readonly shadow: boolean

  constructor (http: KubeHttp, permission: Permission, shadow: boolean) {
    this.#http = http
    this.#permission = permission
    this.shadow = shadow
  }

  /** Whether a write would go out now. */
  get open (): boolean { return !this.shadow && this.#permission.mayWrite() }

  /** The answer; undefined where nothing was written because we only watch. Rejects with NotOwner where another may be writing: looked at in the instant before it is sent. */
  async write<T> (call: Call & { readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE' }): Promise<T | undefined> {
    if (this.shadow) return undefined
    await this.#permission.soon()
    return this.#http.request<T>({ ...call, guard: () => { if (!this.#permission.mayWrite()) throw new NotOwner() } })
  }
}

/** The lease is not ours at this instant, or we cannot know. */
export class NotOwner extends Error {
  override readonly name = 'NotOwner'
  constructor (message = 'the lease is not held at this instant; nothing is written') { super(message) }
}
