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
 * one more than wanted may run, and an old one that serves goes only when enough serve without it. Old ones that serve nobody go at once.
 */
export function nextSteps<R extends Candidate> ({ wanted, live, ending, isInPlace }: RolloutInput<R>): RolloutSteps<R> {
  if (wanted === 0) return { create: 0, end: live }
  const current = live.filter(r => r.isCurrent)
  const old = live.filter(r => !r.isCurrent)
  const surplus = firstToGo(current).slice(0, Math.max(0, current.length - wanted))
  const missing = wanted - current.length
  if (isInPlace) return { create: old.length + ending === 0 ? Math.max(0, missing) : 0, end: [...old, ...surplus] }

  const oldServing = firstToGo(old.filter(serves))
  const spare = current.filter(serves).length + oldServing.length - wanted
  const replaced = oldServing.slice(0, Math.max(0, spare))
  const room = wanted + (old.length > 0 ? 1 : 0) - current.length - (oldServing.length - replaced.length)
  return { create: Math.max(0, Math.min(missing, room)), end: [...old.filter(r => !serves(r)), ...replaced, ...surplus] }
}

/** Work that keeps its processor full lets its probe fail too: who is busy serves, ready or not. */
const serves = ({ isReady, isBusy }: Candidate): boolean => isReady || isBusy

/** Order of going: idle before busy, then those that are not ready, then the youngest; what has run longest has the warmest caches. */
export function firstToGo<R extends Candidate> (replicas: readonly R[]): readonly R[] {
  return [...replicas].sort((a, b) => Number(a.isBusy) - Number(b.isBusy) || Number(a.isReady) - Number(b.isReady) || b.createdAt - a.createdAt)
}
