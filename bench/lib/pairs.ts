/** One round: both sides measured one after the other. */
export interface Pair<T> { readonly first: 'a' | 'b', readonly a: T, readonly b: T }

/** A measurement is not accepted; the round is done again. */
export class VoidRound extends Error {}

type Side<T> = (round: number) => Promise<T>

export interface PairOptions<T> {
  readonly pairs: number
  a(round: number): Promise<T>
  b(round: number): Promise<T>
  onPair?(pair: Pair<T>, round: number): void
  onVoid?(why: string, round: number): void
}

/**
 * A B, B A, A B …: the order alternates, so that what drifts (heat, neighbours, caches) meets both sides alike.
 * A void round is repeated; as many void rounds as pairs end the set.
 */
export async function measurePairs<T> (options: PairOptions<T>): Promise<readonly Pair<T>[]> {
  const { pairs } = options
  const a: Side<T> = round => options.a(round)
  const b: Side<T> = round => options.b(round)
  const taken: Pair<T>[] = []
  let voids = 0
  for (let round = 0; taken.length < pairs; round++) {
    try {
      const pair = taken.length % 2 === 0 ? await inOrder('a', a, b, round) : await inOrder('b', b, a, round)
      taken.push(pair)
      options.onPair?.(pair, round)
    } catch (error) {
      if (!(error instanceof VoidRound) || ++voids > pairs) throw error
      options.onVoid?.(error.message, round)
    }
  }
  return taken
}

async function inOrder<T> (first: 'a' | 'b', one: Side<T>, other: Side<T>, round: number): Promise<Pair<T>> {
  const firstResult = await one(round)
  const secondResult = await other(round)
  return first === 'a' ? { first, a: firstResult, b: secondResult } : { first, a: secondResult, b: firstResult }
}
