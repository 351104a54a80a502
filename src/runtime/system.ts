import { Reconciler } from './reconciler.js'
import type { Context } from './context.js'
import { Overload } from './overload.js'
import type { SystemParts } from './parts.js'
import { ReadyLog } from './scaling/ready-log.js'
import { Refusals } from './refusals.js'
import { service, type Service } from './service.js'
import { sharing } from './sharing.js'
import { wheel } from './wheel.js'

const openPatienceMs = 2_000

/** The whole product above its ports: give it resources, and it scales and delivers until it is stopped. */
export interface System extends Service {
  /** Resolves when everything that was there at the start is at work. */
  readonly synced: Promise<void>
  /** What stands still that should not; empty while nothing does. */
  stuck(): readonly string[]
}

/** A look that is due begins within a second, on the busiest machine within some. */
const overdueMs = 60_000

export function system (parts: SystemParts): System {
  const lag = parts.telemetry.histogram('scale_loop_lag_seconds', {})
  const turning = wheel(parts.clock, ms => lag.observe(ms / 1000))
  const overload = new Overload(parts.clock, parts.telemetry.gauge('event_loop_lateness_seconds', {}))
  let sequence = 0
  const context: Context = {
    ...parts, status: new Refusals(new ReadyLog(parts.status, parts.log)), overload, wheel: turning, sharing: sharing(parts.clock, parts.log), nextSequence: () => ++sequence,
    config: {
      reader: parts.objects, files: parts.authFiles, defaults: parts.defaults, clusterObjectNamespace: parts.clusterObjectNamespace, secretsOnlyFrom: parts.secretsOnlyFrom,
      authentication: (kind, namespace, name) => reconciler.authentications.find(kind, namespace, name),
    },
  }
  const reconciler: Reconciler = new Reconciler(context)
  let watching: Promise<void> = Promise.resolve()
  let stopOwning: () => void = () => undefined
  const running = service({
    async start (signal) {
      overload.start()
      stopOwning = parts.ownership.changes(target => reconciler.ownershipChanged(target))
      watching = parts.resources.watch({
        applied: resource => reconciler.applied(resource),
        refused: (ref, problems) => reconciler.refused(ref, problems),
        deleted: (ref, done) => reconciler.deleted(ref, done),
        left: ref => reconciler.left(ref),
        synced: () => reconciler.onSynced(),
      }, signal)
      await Promise.race([reconciler.synced, watching])
      // What is published once we say that we are ready is received; a source that is away does not hold up the rest.
      const waited = new AbortController()
      await Promise.race([reconciler.firstTries(), parts.clock.sleep(openPatienceMs, waited.signal)])
      waited.abort()
    },
    async stop () {
      await Promise.allSettled([watching]) // whoever started was told how it ended
      stopOwning()
      await reconciler.stop()
      turning.stop()
      overload.stop()
    },
  })
  const stuck = (): readonly string[] => turning.overdueMs() < overdueMs ? [] : [`the loops are ${Math.round(turning.overdueMs() / 1000)} s behind`]
  return { ...running, synced: reconciler.synced, stuck }
}
