import type { EpochMs } from '../clock.js'

/** A count that changed: what is really there (`it`), or what we would have set (`we`), and what the other side stood at then. */
export interface ComparedChange { readonly at: EpochMs, readonly by: 'it' | 'we', readonly from: number, readonly to: number, readonly other: number }

/** What somebody else did with a target, beside what we would have done. */
export interface Comparison {
  readonly since: EpochMs
  readonly at: EpochMs
  /** The count that is there, and ours. */
  readonly it: number
  readonly we: number
  readonly itReplicaSeconds: number
  readonly weReplicaSeconds: number
  /** Time in which the two were not the same. */
  readonly differedMs: number
  /** The latest, oldest first. */
  readonly changes: readonly ComparedChange[]
}

const mostChanges = 20

/** One more look: what was there until now lasted until now. */
export function compared (before: Comparison | undefined, now: EpochMs, it: number, we: number): Comparison {
  if (before === undefined) return { since: now, at: now, it, we, itReplicaSeconds: 0, weReplicaSeconds: 0, differedMs: 0, changes: [] }
  const passed = Math.max(0, now - before.at)
  const changes: ComparedChange[] = [
    ...(it === before.it ? [] : [{ at: now, by: 'it' as const, from: before.it, to: it, other: we }]),
    ...(we === before.we ? [] : [{ at: now, by: 'we' as const, from: before.we, to: we, other: it }]),
  ]
  return {
    since: before.since, at: now, it, we,
    itReplicaSeconds: before.itReplicaSeconds + before.it * passed / 1000,
    weReplicaSeconds: before.weReplicaSeconds + before.we * passed / 1000,
    differedMs: before.differedMs + (before.it === before.we ? 0 : passed),
    changes: [...before.changes, ...changes].slice(-mostChanges),
  }
}
