import { errorMessage, TidegateError } from '../../core/errors.js'
import type { WireStatus } from './wire.js'

/** An API server that said no, or did not answer (`status` 0). */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** HTTP status; 0: no answer. */
  readonly status: number
  /** Kubernetes' word for it: `Conflict`, `NotFound`, `Expired` … */
  readonly reason: string
  /** What the server asks to wait before the next try. */
  readonly retryAfterMs: number | undefined

  constructor (status: number, reason: string, message: string, options: { readonly retryAfterMs?: number | undefined, readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.status = status
    this.reason = reason
    this.retryAfterMs = options.retryAfterMs
  }

  /** The resourceVersion or the continue token is too old: only a new list helps. */
  get isGone (): boolean { return this.status === 410 }
  get isConflict (): boolean { return this.status === 409 }
  get isMissing (): boolean { return this.status === 404 }
  /** A later try of the same may succeed. */
  get isPassing (): boolean { return this.status === 0 || this.status === 429 || this.status >= 500 }
}

/** From an answer that is no success. The body is a Status where the server itself answered, any text where something before it did. */
export function errorOfAnswer (status: number, body: string, retryAfter: string | undefined, asked: string): ApiError {
  const told = statusOf(body)
  const seconds = Number(retryAfter ?? told.details?.retryAfterSeconds)
  return new ApiError(status, told.reason ?? String(status), `${asked}: ${status} ${told.message ?? body.slice(0, 200)}`,
    { retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : undefined })
}

export const unreachable = (asked: string, cause: unknown): ApiError =>
  new ApiError(0, 'Unreachable', `${asked}: no answer: ${errorMessage(cause)}`, { cause })

function statusOf (body: string): WireStatus {
  try {
    const parsed: unknown = JSON.parse(body)
    return typeof parsed === 'object' && parsed !== null ? parsed : {}
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}

/** Rethrows what an API server said to a GET of `what`; that we have no right to it is a problem that the user can mend. */
export function forbidden (error: unknown, what: string): never {
  if (error instanceof ApiError && error.status === 403) {
    throw new TidegateError('TG_REF_FORBIDDEN', `no right to read ${what}`, { cause: error, hint: 'grant get for this name in a Role; `tidegate doctor --print-rbac` writes it' })
  }
  throw error
}
