import type { Capacity, Connector, Delivery, Settlement } from '../../src/plugin/connector.js'
import { Inbox, onAbort } from '../../src/plugin/index.js'

/** A source whose events the test hands out; it keeps every settlement. */
export class FakeConnector implements Connector {
  readonly settlements: { readonly id: string, readonly settlement: Settlement }[] = []
  readonly published: { readonly id: string, readonly destination: Readonly<Record<string, unknown>> }[] = []
  readonly extended: string[] = []
  pulled = 0
  closed = 0
  waiting = 0
  onExtend: () => void = () => undefined
  readonly #inbox = new Inbox<Delivery>()
  #handOuts = new Map<string, number>()

  /** Hands an event out (again). */
  offer (id: string, options: { readonly leaseMs?: number, readonly expiresAt?: number } = {}): void {
    const handOuts = (this.#handOuts.get(id) ?? 0) + 1
    this.#handOuts.set(id, handOuts)
    this.#inbox.push({
      event: { id, source: 'test', type: 'test.event', contentType: 'text/plain', data: new Uint8Array(), extensions: {} },
      handOuts, ...options,
      settle: settlement => { this.settlements.push({ id, settlement }) },
      extend: () => { this.extended.push(id); this.onExtend() },
    })
  }

  /** The line is lost. */
  lose (error: Error): void { this.#inbox.end(error) }

  receive (signal: AbortSignal, _capacity: Capacity): AsyncIterable<Delivery> {
    onAbort(signal, () => this.#inbox.end())
    const inbox = this.#inbox
    return { [Symbol.asyncIterator]: () => ({
      next: async () => { this.pulled++; return inbox.next() },
      return: async () => inbox.return(),
    }) }
  }

  async backlog (): Promise<number> { return this.waiting }
  async publish (event: { id: string }, destination: Readonly<Record<string, unknown>>): Promise<void> { this.published.push({ id: event.id, destination }) }
  async close (): Promise<void> { this.closed++ }
}
