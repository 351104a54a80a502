import { reconnectDelay } from '../../core/delivery/backoff.js'
import { errorCode, errorMessage } from '../../core/errors.js'
import type { Capacity, Connector, Delivery } from '../../plugin/connector.js'
import type { Clock, Log } from '../ports.js'
import { onAbort } from '../../core/on-abort.js'
import { untilAborted } from '../sharing.js'

export interface ReceiverParts {
  /** Opens the connector with the configuration as it is now. */
  readonly open: () => Promise<Connector>
  readonly capacity: Capacity
  /** Undefined when another delivery may be pulled now; else resolves when it may. */
  readonly room: (signal: AbortSignal) => Promise<void> | undefined
  readonly deliver: (delivery: Delivery) => void
  /** Resolves when nothing is in hand any more; a connector is closed after that. */
  readonly settled: () => Promise<void>
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
  #connector: Connector | undefined
  #lost: { readonly code: string, readonly message: string } | undefined

  #tried: () => void = () => undefined
  /** Resolves when the first open has succeeded, failed, or was given up. */
  readonly firstTry = new Promise<void>(resolve => { this.#tried = resolve })

  constructor (parts: ReceiverParts) { this.#parts = parts }

  /** The open connector; undefined while the line is down. */
  get connector (): Connector | undefined { return this.#connector }
  /** Why the line is down. */
  get lost (): { readonly code: string, readonly message: string } | undefined { return this.#lost }

  start (): void { this.#running = this.#run(this.#closing.signal) }

  /** Stops pulling; what is in hand goes on, and the connector stays open for it until it is settled. */
  async stop (): Promise<void> {
    this.#closing.abort()
    await this.#running
  }

  async #run (signal: AbortSignal): Promise<void> {
    const { clock, random } = this.#parts
    for (let failures = 0; !signal.aborted;) {
      const opened = clock.monotonic()
      try {
        this.#connector = await this.#open(signal)
        this.#is(undefined)
        this.#parts.onChange()
        this.#parts.onOpen()
        this.#tried()
        await this.#pull(this.#connector, signal)
      } catch (error) {
        if (!signal.aborted) this.#is({ code: errorCode(error, 'TG_SOURCE_UNREACHABLE'), message: errorMessage(error) })
      }
      this.#tried()
      await this.#close()
      if (clock.monotonic() - opened > 60_000) failures = 0
      await clock.sleep(reconnectDelay(++failures, random()), signal)
    }
  }

  /** Rejects when the signal aborts first; a connector that comes after that is closed at once. */
  async #open (signal: AbortSignal): Promise<Connector> {
    const opening = this.#parts.open()
    const closeLate = (): void => { opening.then(late => this.#closeOne(late), nothing) } // an open that fails late has nothing to close
    const letGo = onAbort(signal, closeLate)
    try {
      return await untilAborted(opening, signal)
    } finally {
      letGo()
    }
  }

  async #pull (connector: Connector, signal: AbortSignal): Promise<void> {
    const source = connector.receive(signal, this.#parts.capacity)[Symbol.asyncIterator]()
    try {
      while (!signal.aborted) {
        const room = this.#parts.room(signal)
        if (room !== undefined) await room
        if (signal.aborted) return
        const next = await source.next()
        if (next.done === true) return
        this.#parts.deliver(next.value)
      }
    } finally {
      await source.return?.()
    }
  }

  async #close (): Promise<void> {
    const connector = this.#connector
    if (connector === undefined) return
    await this.#parts.settled()
    this.#connector = undefined
    await this.#closeOne(connector)
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
