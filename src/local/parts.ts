import { errorMessage } from '../core/errors.js'
import type { Clock, EventSink, Log } from '../runtime/ports.js'
import type { StateFolder } from './state-folder.js'
import type { RestartPolicy } from './restart-backoff.js'

/** What local mode is made of. */
export interface LocalParts {
  readonly folder: StateFolder
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly events: EventSink
  readonly restarts: RestartPolicy
}

/** Gives the promise of work that nobody waits for to the one place that watches: a failure of it is a line in the log. */
export function inBackground (work: Promise<unknown>, log: Log, message: string): void {
  work.catch((error: unknown) => log.error({ err: errorMessage(error) }, message))
}
