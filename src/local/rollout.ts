/** What a decision about replicas looks at. */
export interface Candidate {
  /** Whether it was made from the present template. */
  readonly isCurrent: boolean
  readonly isReady: boolean
  /** Known to be working right now. */
  readonly isBusy: boolean
  readonly createdAt: number
}

export interface RolloutInput<R extends Candidate> {
  readonly wanted: number
  /** Those that are not being ended. */
  readonly live: readonly R[]
  /** How many are still being ended. */
  readonly ending: number
  /** Old ones go before new ones come: a fixed port cannot be held twice, and `strategy: Recreate` asks for it. */
  readonly isInPlace: boolean
}
export interface RolloutSteps<R> { readonly create: number, readonly end: readonly R[] }

/**
 * The next steps towards `wanted` replicas of the present template; asked again after every change. Replacement goes one at a time:
 * one more than wanted may run, and an old ready one goes only when enough are ready without it. Old ones that are not ready serve nobody
 * and go at once.
 */
export function nextSteps<R extends Candidate> ({ wanted, live, ending, isInPlace }: RolloutInput<R>): RolloutSteps<R> {
  if (wanted === 0) return { create: 0, end: live }
  const current = live.filter(r => r.isCurrent)
  const old = live.filter(r => !r.isCurrent)
  const surplus = firstToGo(current).slice(0, Math.max(0, current.length - wanted))
  const missing = wanted - current.length
  if (isInPlace) return { create: old.length + ending === 0 ? Math.max(0, missing) : 0, end: [...old, ...surplus] }

  const oldReady = firstToGo(old.filter(r => r.isReady))
  const spare = current.filter(r => r.isReady).length + oldReady.length - wanted
  const replaced = oldReady.slice(0, Math.max(0, spare))
  const room = wanted + (old.length > 0 ? 1 : 0) - current.length - (oldReady.length - replaced.length)
  return { create: Math.max(0, Math.min(missing, room)), end: [...old.filter(r => !r.isReady), ...replaced, ...surplus] }
}

/** Order of going: those that are not ready, then idle ones, then the youngest; what has run longest has the warmest caches. */
export function firstToGo<R extends Candidate> (replicas: readonly R[]): readonly R[] {
  return [...replicas].sort((a, b) => Number(a.isReady) - Number(b.isReady) || Number(a.isBusy) - Number(b.isBusy) || b.createdAt - a.createdAt)
}
