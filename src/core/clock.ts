/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number

/** Whoever needs the time or waits for it is handed one of these. The real one is made in `cli`. */
export interface Clock {
  /** Wall clock. Never used to measure a duration that a clock step would spoil. */
  now(): EpochMs
  /** Milliseconds on a clock that only goes forward; its zero has no meaning. */
  monotonic(): number
  /** Resolves after `ms`, or at once when the signal aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Calls `fn` once after `ms`; the function returned takes the call back. */
  after(ms: number, fn: () => void): () => void
}
