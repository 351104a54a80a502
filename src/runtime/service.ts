import { errorMessage } from '../core/errors.js'
import type { Log } from './ports.js'

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

/** Starts in order; stops in reverse, all of them, whatever one of them says. A start that fails stops what had started. */
export function inOrder (services: readonly { readonly name: string, readonly service: Service }[], log: Log): Service {
  const started: typeof services[number][] = []
  const stopAll = async (): Promise<void> => {
    for (const { name, service } of started.splice(0).reverse()) {
      try {
        await service.stop()
      } catch (error) {
        log.error({ service: name, err: errorMessage(error) }, 'a service did not stop cleanly')
      }
    }
  }
  return service({
    async start () {
      for (const entry of services) {
        started.push(entry)
        try {
          await entry.service.start()
        } catch (error) {
          await stopAll()
          throw error
        }
      }
    },
    stop: stopAll,
  })
}
