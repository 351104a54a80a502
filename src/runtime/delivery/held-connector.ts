import type { Connector } from '../../plugin/connector.js'

/** An open connector, and how many of its deliveries are in hand. */
export class HeldConnector {
  #inHand = 0
  #waiting: (() => void)[] = []

  constructor (readonly connector: Connector) {}

  took (): void { this.#inHand++ }

  /** One was settled. Made once: it is handed out with every delivery. */
  readonly ended = (): void => {
    this.#inHand--
    if (this.#inHand === 0) for (const resolve of this.#waiting.splice(0)) resolve()
  }

  /** Resolves when none of its deliveries is in hand. */
  settled (): Promise<void> {
    return this.#inHand === 0 ? Promise.resolve() : new Promise(resolve => this.#waiting.push(resolve))
  }
}
