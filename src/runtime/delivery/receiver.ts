import { reconnectDelay } from '../../core/delivery/backoff.js'
import { errorCode, errorMessage } from '../../core/errors.js'
import type { Capacity, Connector, Delivery } from '../../plugin/connector.js'
import type { Clock, Log } from '../ports.js'
import { onAbort } from '../../core/on-abort.js'
import { untilAborted } from '../sharing.js'
import { HeldConnector } from './held-connector.js'

export interface ReceiverParts {
  /** Opens the connector with the configuration as it is now; `lost`: the code of what ended the last one. */
  readonly open: (lost: string | undefined) => Promise<Connector>
  readonly capacity: Capacity
  /** Undefined when another delivery may be pulled now; else resolves when it may. */
  readonly room: (signal: AbortSignal) => Promise<void> | undefined
  /** Takes one in hand; `ended` is to be called when it is settled. A connector is closed after the last of its own. */
  readonly deliver: (delivery: Delivery, ended: () => void) => void
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  readonly onChange: () => void
  /** A connector is open: its source can be asked. */
  readonly onOpen: () => void
}

/** Keeps one connector open and pulls from it, one delivery each time there is room; opens another, after a pause, when the line is lost. */
export class Receiver {
  readonly #parts: ReceiverParts
  readonly #closing = new AbortController()
  #running: Promise<void> = Promise.resolve()
  #held: HeldConnector | undefined
  /** Opened to follow the present one. */
  #next: HeldConnector | undefined
  #isRenewing = false
  /** Ends the pull from the present connector. */
  #turn = new AbortController()
  /** Connectors that wait for what they handed out. */
  readonly #draining = new Set<Promise<void>>()
  #lost: { readonly code: string, readonly message: string } | undefined

  #tried: () => void = () => undefined
  /** Resolves when the first open has succeeded, failed, or was given up. */
  readonly firstTry = new Promise<void>(resolve => { this.#tried = resolve })

  constructor (parts: ReceiverParts) { this.#parts = parts }

  /** The open connector; undefined while the line is down. */
  get connector (): Connector | undefined { return this.#held?.connector }
  /** Why the line is down. */
  get lost (): { readonly code: string, readonly message: string } | undefined { return this.#lost }

  start (): void { this.#running = this.#run(this.#closing.signal) }

  /** Stops pulling; what is in hand goes on, and the connector stays open for it until it is settled. */
  async stop (): Promise<void> {
    this.#closing.abort()
    await this.#running
    await Promise.all(this.#draining)
  }

  /** Opens another connector and pulls from that, while the present one drains. One that cannot be opened changes nothing. Who waits for room is to look again afterwards. */
  async renew (): Promise<void> {
    if (this.#isRenewing || this.#held === undefined || this.#closing.signal.aborted) return // what is not open opens with the configuration as it is then
    this.#isRenewing = true
    try {
      this.#next = new HeldConnector(await this.#open(this.#closing.signal, undefined))
      this.#turn.abort()
    } catch (error) {
      if (!this.#closing.signal.aborted) this.#parts.log.warn({ code: errorCode(error, 'TG_SOURCE_UNREACHABLE'), err: errorMessage(error) }, 'the source cannot be opened with the new configuration; going on with the old one')
    } finally {
      this.#isRenewing = false
    }
  }

  async #run (signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#parts
    for (let failures = 0; !signal.aborted;) {
      const opened = clock.monotonic()
      try {
        const held = this.#held = this.#next ?? new HeldConnector(await this.#open(signal, this.#lost?.code))
        this.#next = undefined
        this.#is(undefined)
        this.#parts.onChange()
        this.#parts.onOpen()
        this.#tried()
        await this.#pull(held, signal)
        if (this.#next !== undefined) {
          this.#drain(held)
          continue
        }
      } catch (error) {
        if (!signal.aborted && this.#next === undefined) this.#is({ code: errorCode(error, 'TG_SOURCE_UNREACHABLE'), message: errorMessage(error) })
      }
      this.#tried()
      await this.#close()
      if (this.#next !== undefined) continue
      if (clock.monotonic() - opened > 60_000) failures = 0
      await clock.sleep(reconnectDelay(++failures, random()), signal)
    }
    if (this.#next !== undefined) await this.#closeOne(this.#next.connector)
  }

  /** Rejects when the signal aborts first; a connector that comes after that is closed at once. */
  async #open (signal: AbortSignal, lost: string | undefined): Promise<Connector> {
    const opening = this.#parts.open(lost)
    const closeLate = (): void => { opening.then(late => this.#closeOne(late), nothing) } // an open that fails late has nothing to close
    const letGo = onAbort(signal, closeLate)
    try {
      return await untilAborted(opening, signal)
    } finally {
      letGo()
    }
  }

  async #pull (held: HeldConnector, closing: AbortSignal): Promise<void> {
    const turn = this.#turn = new AbortController()
    const { signal } = turn
    const letGo = onAbort(closing, () => turn.abort())
    const source = held.connector.receive(signal, this.#parts.capacity)[Symbol.asyncIterator]()
    try {
      while (!signal.aborted) {
        const room = this.#parts.room(signal)
        if (room !== undefined) await room
        if (signal.aborted) return
        const next = await source.next()
        if (next.done === true) return
        held.took()
        this.#parts.deliver(next.value, held.ended)
      }
    } finally {
      letGo()
      await source.return?.()
    }
  }

  async #close (): Promise<void> {
    const held = this.#held
    if (held === undefined) return
    await held.settled()
    this.#held = undefined
    await this.#closeOne(held.connector)
  }

  #drain (held: HeldConnector): void {
    const drained = held.settled().then(() => this.#closeOne(held.connector)).finally(() => { this.#draining.delete(drained) })
    this.#draining.add(drained)
  }

  async #closeOne (connector: Connector): Promise<void> {
    try {
      await connector.close()
    } catch (error) {
      this.#parts.log.warn({ err: errorMessage(error) }, 'a connector did not close cleanly')
    }
  }

  #is (lost: { code: string, message: string } | undefined): void {
    if (this.#lost?.message === lost?.message) return
    this.#lost = lost
    if (lost !== undefined) this.#parts.log.warn({ code: lost.code, err: lost.message }, 'the source is away; trying again')
    else this.#parts.log.info({}, 'the source is there again')
    this.#parts.onChange()
  }
}

const nothing = (): void => undefined
