import { LRUCache } from 'lru-cache'
import type { Delivery } from '../../plugin/connector.js'

/** Remembered per Trigger; an event that is handed out again after more than this many others were, is judged by the broker's count. */
const remembered = 10_000

/**
 * How many POSTs an event has had. The broker's hand-out count is an upper bound only: a hand-out that ended in a wait for a cold start,
 * in a release or in a crash of ours made no POST. What we remember is exact; what a restart forgot is judged by the bound.
 */
export class Attempts {
  readonly #posts = new LRUCache<string, number>({ max: remembered })

  before ({ event, handOuts }: Delivery): number {
    return handOuts <= 1 ? 0 : this.#posts.get(event.id) ?? handOuts - 1
  }

  /** The event will be handed out again after this many POSTs. */
  remember (eventId: string, posts: number): void { this.#posts.set(eventId, posts) }

  forget ({ event, handOuts }: Delivery): void {
    if (handOuts > 1) this.#posts.delete(event.id)
  }
}
