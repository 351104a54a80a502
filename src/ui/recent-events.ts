import type { Clock, EpochMs } from '../core/clock.js'
import type { EventSink } from '../runtime/ports.js'

/** A line of the short story below the table. */
export interface EventLine { readonly at: EpochMs, readonly type: 'Normal' | 'Warning', readonly text: string }

/** The last `limit` events of the operator's story, oldest first. A note that repeats the last line takes its place. */
export interface RecentEvents extends EventSink { lines(): readonly EventLine[] }

export function recentEvents ({ clock, limit = 50 }: { readonly clock: Clock, readonly limit?: number }): RecentEvents {
  const kept: EventLine[] = []
  return {
    emit (ref, { type, note }) {
      const text = `${ref.name}: ${note}`
      if (kept.at(-1)?.text === text) kept.pop()
      kept.push({ at: clock.now(), type, text })
      if (kept.length > limit) kept.shift()
    },
    lines: () => kept,
  }
}
