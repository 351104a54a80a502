import type { TriggerAuth } from './credential-types.js'
import { refKey, type ObjectRef } from '../ports.js'
import type { Problem } from '../../spec/problem.js'

/** The (Cluster)TriggerAuthentications that are there. A bad edit of one changes nothing: the last good one goes on. */
export class Authentications {
  readonly #good = new Map<string, TriggerAuth>()
  readonly #refused = new Map<string, readonly Problem[]>()

  applied (ref: ObjectRef, authentication: TriggerAuth): void {
    this.#good.set(refKey(ref), authentication)
    this.#refused.delete(refKey(ref))
  }

  refused (ref: ObjectRef, problems: readonly Problem[]): void { this.#refused.set(refKey(ref), problems) }

  deleted (ref: ObjectRef): void {
    this.#good.delete(refKey(ref))
    this.#refused.delete(refKey(ref))
  }

  /** The problems of its last edit where it never could be used. */
  find (kind: string, namespace: string, name: string): TriggerAuth | { readonly refused: readonly Problem[] } | undefined {
    const key = refKey({ apiVersion: '', kind, namespace: kind === 'ClusterTriggerAuthentication' ? '' : namespace, name })
    const refused = this.#refused.get(key)
    return this.#good.get(key) ?? (refused === undefined ? undefined : { refused })
  }
}

/** Whether credentials may come from an object of this kind. */
export const isAuthentication = ({ kind }: { readonly kind: string }): boolean => kind === 'TriggerAuthentication' || kind === 'ClusterTriggerAuthentication'
