import { onAbort, TidegateError, type Capacity, type Clock, type Delivery, type Envelope, type Kit, type Settlement } from '../plugin/index.js'
import { adaptivePace } from './azure-pace.js'
import { mostPerCall, type AzureQueue, type QueueMessage } from './azure-queue.js'

/** What the service calls the expiry of a message that has none. */
const endOfTime = Date.UTC(9999, 11, 31)

export interface ReceiveOptions {
  readonly visibilityMs: number
  readonly pollMs: { readonly min: number, readonly max: number }
  readonly toEvent: (message: QueueMessage) => Envelope
}

export interface Receiver {
  receive(signal: AbortSignal, capacity: Capacity): AsyncIterable<Delivery>
  /** Makes visible again what was pulled and not handed out. */
  handBack(): Promise<void>
}

/** Pulls as many messages as there are free slots, and hands them out one by one. */
export function receiveFrom (queue: AzureQueue, options: ReceiveOptions, kit: Kit): Receiver {
  const { clock, log } = kit
  const pulled: Held[] = []
  const inHand = new Set<Held>()
  const freed = bell()
  const pace = adaptivePace(options.pollMs, clock)
  // Settling and handing back go on while we stop: the message is better deleted than delivered twice.
  const never = new AbortController().signal

  const handBack = async (): Promise<void> => {
    const left = await Promise.allSettled(pulled.splice(0).map(held => held.hide(0, never)))
    // What could not be handed back comes back by itself after its visibility timeout.
    for (const result of left) if (result.status === 'rejected') log.debug({ error: result.reason as unknown }, 'message not handed back')
  }

  const deliver = (held: Held): Delivery => {
    inHand.add(held)
    const settle = async (settlement: Settlement): Promise<void> => {
      try {
        await held.settle(settlement, never)
        if (settlement.kind !== 'ack') pace.expect(settlement.kind === 'retry' ? settlement.afterMs : 0)
      } finally {
        inHand.delete(held)
        freed.ring()
      }
    }
    return {
      event: options.toEvent(held.message),
      handOuts: held.message.dequeueCount,
      leaseMs: options.visibilityMs,
      ...(held.message.expiresOn.getTime() < endOfTime ? { expiresAt: held.message.expiresOn.getTime() } : {}),
      settle,
      extend: () => held.extend(never),
    }
  }

  async function * receive (signal: AbortSignal, capacity: Capacity): AsyncGenerator<Delivery> {
    const forget = onAbort(signal, () => { void handBack() })
    try {
      while (!signal.aborted) {
        const free = capacity.slots() - inHand.size
        if (free <= 0) { await eitherOf(capacity, freed, signal); continue }
        const messages = await queue.receive(Math.min(mostPerCall, free), options.visibilityMs, signal)
        pulled.push(...messages.map(message => new Held(queue, message, options.visibilityMs, clock)))
        for (let held = pulled.shift(); held !== undefined && !signal.aborted; held = pulled.shift()) {
          if (await held.isStillOurs(never)) yield deliver(held)
        }
        pace.saw(messages.length)
        await pace.rest(signal)
      }
    } catch (error) {
      if (!signal.aborted) throw error
    } finally {
      forget()
      await handBack()
    }
  }
  return { receive, handBack }
}

/** One message in hand. Each renewal changes the receipt, so calls on it run one after the other. */
class Held {
  readonly message: QueueMessage
  readonly #queue: AzureQueue
  readonly #visibilityMs: number
  readonly #clock: Clock
  #receipt: string
  #hiddenSince: number
  #last: Promise<unknown> = Promise.resolve()
  #isSettled = false
  constructor (queue: AzureQueue, message: QueueMessage, visibilityMs: number, clock: Clock) {
    this.message = message
    this.#queue = queue
    this.#visibilityMs = visibilityMs
    this.#clock = clock
    this.#receipt = message.popReceipt
    this.#hiddenSince = clock.monotonic()
  }

  /** Waited long for its turn? Then it is renewed before it is handed out; false when another has it by now. */
  async isStillOurs (signal: AbortSignal): Promise<boolean> {
    return this.#clock.monotonic() - this.#hiddenSince < this.#visibilityMs / 2 || await this.hide(this.#visibilityMs, signal)
  }

  /** False when it is no longer ours. */
  hide (ms: number, signal: AbortSignal): Promise<boolean> {
    return this.#inTurn(async () => {
      const receipt = await this.#queue.hide({ id: this.message.id, popReceipt: this.#receipt }, ms, signal)
      if (receipt === undefined) return false
      this.#receipt = receipt
      this.#hiddenSince = this.#clock.monotonic()
      return true
    })
  }

  async extend (signal: AbortSignal): Promise<void> {
    if (!this.#isSettled && !await this.hide(this.#visibilityMs, signal)) throw this.#lost('renewed')
  }

  async settle (settlement: Settlement, signal: AbortSignal): Promise<void> {
    this.#isSettled = true
    const isOurs = settlement.kind === 'ack'
      ? await this.#inTurn(() => this.#queue.delete({ id: this.message.id, popReceipt: this.#receipt }, signal))
      : await this.hide(settlement.kind === 'retry' ? settlement.afterMs : 0, signal)
    if (!isOurs) throw this.#lost(settlement.kind === 'ack' ? 'deleted' : 'handed back')
  }

  #inTurn<T> (run: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(run)
    this.#last = mine.catch(() => undefined)
    return mine
  }

  #lost (what: string): TidegateError {
    return new TidegateError('TG_SOURCE_REFUSED', `message ${this.message.id} could not be ${what}: its visibility timeout passed and it was handed out again`,
      { hint: 'a longer visibilityTimeout leaves more time between renewals' })
  }
}

interface Bell { ring(): void, onRing(fn: () => void): () => void }

function bell (): Bell {
  const listeners = new Set<() => void>()
  return {
    ring: () => { for (const listener of [...listeners]) listener() },
    onRing: fn => { listeners.add(fn); return () => listeners.delete(fn) },
  }
}

/** Resolves when slots changed, a delivery was settled, or the signal aborts. */
async function eitherOf (capacity: Capacity, freed: Bell, signal: AbortSignal): Promise<void> {
  const waiting = new AbortController()
  const forget = [onAbort(signal, () => waiting.abort()), freed.onRing(() => waiting.abort())]
  try {
    await capacity.changed(waiting.signal)
  } finally {
    for (const drop of forget) drop()
  }
}
