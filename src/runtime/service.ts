/**
 * Anything that runs. `start` resolves when it does its work; `stop` resolves when it has let go of everything.
 * Stopping twice, stopping what was never started and starting twice are all fine; a stopped service is not started again.
 */
export interface Service {
  start(): Promise<void>
  stop(): Promise<void>
}

/** Makes both calls idempotent, and stop wait for a start that is under way. */
export function service (parts: { start(signal: AbortSignal): Promise<void>, stop?(): Promise<void> }): Service {
  const controller = new AbortController()
  let starting: Promise<void> | undefined
  let stopping: Promise<void> | undefined
  return {
    start: () => stopping ?? (starting ??= parts.start(controller.signal)),
    stop: () => (stopping ??= (async () => {
      controller.abort()
      if (starting === undefined) return
      await Promise.allSettled([starting])
      await parts.stop?.()
    })()),
  }
}
