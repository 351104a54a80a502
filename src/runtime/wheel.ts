import type { Clock, EpochMs } from './ports.js'

/**
 * One timer for everything that is due some time: entries of the same 100 ms share a bucket and a wake-up of the process. Instants are of the
 * wall clock, and are kept as distances on the clock that only goes forward: a clock that is set moves nothing that is due.
 */
export interface Wheel {
  /** Calls `fn` at `at` or up to one bucket later; the function returned takes the call back. What is past is called in the next bucket. */
  at(at: EpochMs, fn: () => void): () => void
  /** How long the next call has been due, milliseconds; 0 while none is. */
  overdueMs(): number
  stop(): void
}

const bucketMs = 100

/** `onLag` is told how late each bucket was, milliseconds. */
export function wheel (clock: Clock, onLag: (ms: number) => void = () => undefined): Wheel {
  const buckets = new Map<number, Set<() => void>>()
  let armed: { readonly bucket: number, readonly cancel: () => void } | undefined

  function nextBucket (): number {
    let next = Infinity
    for (const bucket of buckets.keys()) if (bucket < next) next = bucket
    return next
  }

  function arm (): void {
    const next = nextBucket()
    if (armed?.bucket === next) return
    armed?.cancel()
    armed = next === Infinity ? undefined : { bucket: next, cancel: clock.after(Math.max(0, next * bucketMs - clock.monotonic()), turn) }
  }

  function turn (): void {
    armed = undefined
    const now = clock.monotonic()
    for (const [bucket, entries] of [...buckets].sort(([a], [b]) => a - b)) {
      if (bucket * bucketMs > now) break
      buckets.delete(bucket)
      onLag(now - bucket * bucketMs)
      for (const fn of entries) fn()
    }
    arm()
  }

  return {
    at (at, fn) {
      const bucket = Math.ceil((clock.monotonic() + at - clock.now()) / bucketMs)
      const entry = (): void => fn() // the same function may be due twice
      const entries = buckets.get(bucket) ?? new Set()
      buckets.set(bucket, entries.add(entry))
      if (armed === undefined || bucket < armed.bucket) arm()
      return () => {
        if (entries.delete(entry) && entries.size === 0 && buckets.get(bucket) === entries) buckets.delete(bucket)
      }
    },
    overdueMs: () => Math.max(0, clock.monotonic() - nextBucket() * bucketMs),
    stop () {
      armed?.cancel()
      armed = undefined
      buckets.clear()
    },
  }
}
