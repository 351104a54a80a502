import { errorMessage } from '../core/errors.js'
import type { KubeCluster, Term } from '../kube/index.js'
import type { Log } from '../runtime/ports.js'
import type { System } from '../runtime/system.js'

export interface TermsParts {
  readonly cluster: KubeCluster
  readonly log: Log
  /** The loops of one term. */
  readonly system: (term: Term) => System
}

/**
 * Works whenever the lease is held, until the signal aborts. A term that was lost to another ends at once: what it is about to write is
 * refused by then, and the next term begins anew from what the cluster says. Through an outage that took the lease from nobody it goes on.
 */
export async function serveTerms ({ cluster, log, system }: TermsParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await until(cluster, true, signal)
    if (signal.aborted) return
    const loops = system(cluster.term())
    if (cluster.lease === undefined) log.info({}, 'watching only: nothing is written')
    else log.info({ lease: cluster.lease.key, holder: cluster.lease.identity, epoch: cluster.lease.epoch }, 'holding the lease: working')
    const lost = until(cluster, false, signal)
    try {
      await Promise.race([loops.start(), lost])
      await lost
    } finally {
      await loops.stop().catch((error: unknown) => log.error({ err: errorMessage(error) }, 'the loops did not stop cleanly'))
    }
  }
}

/** Resolves when the lease is held, or is not, or at once when the signal aborts. Who only watches always holds it. */
function until ({ lease }: KubeCluster, held: boolean, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    const look = (): void => {
      if (!signal.aborted && (lease?.holds ?? true) !== held) return
      stop()
      signal.removeEventListener('abort', look)
      resolve()
    }
    const stop = lease?.changes(look) ?? (() => undefined)
    signal.addEventListener('abort', look)
    look()
  })
}
