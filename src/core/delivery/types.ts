/** An event: what it carries and its CloudEvents 1.0 attributes. */
export interface Envelope {
  readonly id: string
  readonly source: string
  readonly type: string
  readonly subject?: string
  /** RFC 3339. */
  readonly time?: string
  /** `datacontenttype`. */
  readonly contentType: string
  readonly data: Uint8Array
  /** CloudEvents extension attributes: names of lower-case letters and digits. */
  readonly extensions: Readonly<Record<string, string>>
}

/** What came of one POST. */
export type Outcome =
  | { readonly kind: 'answered', readonly status: number, readonly retryAfterMs?: number }
  /** No connection, or it broke before the answer. */
  | { readonly kind: 'unreachable', readonly message: string }
  | { readonly kind: 'timed-out', readonly afterMs: number }
  /** We ended it ourselves: stopping. Says nothing about the function. */
  | { readonly kind: 'aborted' }

/** Why an event was given up. */
export type ExhaustedReason = 'attempts' | 'rejected' | 'gone' | 'expired'

/** What becomes of a delivery. */
export type Disposition =
  | { readonly kind: 'ack' }
  | { readonly kind: 'retry', readonly afterMs: number, readonly because: string }
  | { readonly kind: 'deadLetter', readonly reason: ExhaustedReason, readonly because: string }
  /** Not settled and not given up: tried again every `afterMs` until a person decides. */
  | { readonly kind: 'hold', readonly afterMs: number, readonly because: string }
  /** Given up, counted and forgotten, because the user asked for it. */
  | { readonly kind: 'drop', readonly reason: ExhaustedReason, readonly because: string }
  /** The function asked (410) not to be called again and the user allows it. */
  | { readonly kind: 'suspend', readonly because: string }
  /** Handed back unharmed: we are stopping. */
  | { readonly kind: 'release' }

export interface RetryPolicy {
  /** Most POSTs of one event, ≥ 1. */
  readonly attempts: number
  readonly backoff: 'Exponential' | 'Linear' | 'Constant'
  readonly initialMs: number
  readonly maxMs: number
  readonly jitter: 'Full' | 'Equal' | 'None'
}

export interface DeliveryPolicy {
  readonly retry: RetryPolicy
  /** Longest obeyed Retry-After; 0 ignores the header. */
  readonly retryAfterMaxMs: number
  readonly onExhausted: 'DeadLetter' | 'Hold' | 'Drop'
  readonly on410: 'Exhaust' | 'Suspend'
  /** Inclusive ranges of HTTP status that count as success. */
  readonly success: readonly (readonly [number, number])[]
}
