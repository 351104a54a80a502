import type { Clock } from '../core/clock.js'
import type { Secret } from '../spec/secret.js'

/** Values are keys of a constant message; secrets print `***`. */
export type LogFields = Readonly<Record<string, unknown>>
export interface Log {
  debug(fields: LogFields, message: string): void
  info(fields: LogFields, message: string): void
  warn(fields: LogFields, message: string): void
  error(fields: LogFields, message: string): void
}

/** A use of something shared. Release it exactly once; the last release closes it. */
export interface Lease<T> { readonly value: T, release(): Promise<void> }

/** How to open what is shared, and how to close it. */
export interface Shared<T> { readonly value: T, close(): Promise<void> }

/** Small values that survive a restart, in the order of their writes. Keys are the plugin's own. */
export interface PluginState {
  get(key: string): Promise<string | undefined>
  /** Writes `next` only if the present value is `expected` (undefined: absent). False when it is another. */
  compareAndSet(key: string, expected: string | undefined, next: string): Promise<boolean>
}

/** Azure's federated identity: `AZURE_CLIENT_ID`, `AZURE_TENANT_ID`, `AZURE_FEDERATED_TOKEN_FILE`, `AZURE_AUTHORITY_HOST` of our own process. */
export interface WorkloadIdentity {
  readonly clientId?: string
  readonly tenantId?: string
  readonly tokenFile?: string
  readonly authorityHost?: string
}

/** Pods that are followed as they come and go. */
export interface FollowedPods {
  /** How many there are that have not ended. Rejects with TG_SOURCE_UNREACHABLE or TG_SOURCE_REFUSED while that is not known. */
  count(signal: AbortSignal): Promise<number>
  /** Calls back with the count after every change, until stopped. */
  changes(listener: (count: number) => void): () => void
  close(): Promise<void>
}

/** The pods around us: of the cluster, or the replicas of this machine. */
export interface Workloads {
  /** Follows the pods of a namespace (`*`: of all) that a label selector selects, until closed. Share it: it is a watch. */
  follow(namespace: string, selector: string): FollowedPods
}

/** Everything impure that a plugin may use. */
export interface Kit {
  readonly clock: Clock
  /** 0 ≤ r < 1. */
  readonly random: () => number
  /** Carries the object and the trigger already. */
  readonly log: Log
  /**
   * A counted lease on what `open` makes; all who ask with the same key use the same one. The key must name the address and
   * a digest of the credential (`keyOf`), so that a rotated credential opens a new client while the old one drains.
   * A failed open is not kept: the next caller tries again.
   */
  share<T>(key: string, open: () => Promise<Shared<T>>): Promise<Lease<T>>
  /**
   * The answer to a question that several objects put to one source: asked once at a time, and not again while the last answer
   * is younger than `maxAgeMs`. A failure is shared by those who waited for it and is not kept. The signal ends the caller's
   * wait; the question itself is ended when nobody waits for it any more.
   */
  ask<T>(key: string, maxAgeMs: number, question: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T>
  /** The object that this plugin serves, `namespace/name`; for names of what is made in a broker and for client names. */
  readonly owner: { readonly kind: string, readonly namespace: string, readonly name: string, readonly uid: string }
  /** Called by a connector for so many events that are gone: its source keeps nothing, and nobody will get them. They are counted; the log is the connector's own. */
  lost?(events: number): void
  /** What the platform gave this process to act as; absent where there is nothing. For pod identities. */
  readonly workloadIdentity?: WorkloadIdentity
  /** Present where the definition `needs` it and the mode has it. */
  readonly state?: PluginState
  /** Present where the definition `needs` it and the mode has it. */
  readonly workloads?: Workloads
}

/** A key for `share` and `ask`: parts joined, secrets by their digest, so that a key never shows one. */
export function keyOf (...parts: readonly (string | number | boolean | undefined | Secret)[]): string {
  return parts.map(part => part === undefined ? '' : typeof part === 'object' ? digest(part.reveal()) : String(part)).join('|')
}

/** FNV-1a over UTF-16 units, two lanes of 32 bits: tells credentials apart; hides nothing from who can guess them, so keys stay in memory. */
function digest (text: string): string {
  let a = 0x811c9dc5
  let b = 0x01000193
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    a = Math.imul(a ^ unit, 0x01000193)
    b = Math.imul(b ^ (unit + i), 0x85ebca6b)
  }
  return (a >>> 0).toString(16).padStart(8, '0') + (b >>> 0).toString(16).padStart(8, '0')
}
