import type { Msg } from 'nats'
import type { Kit } from '../plugin/index.js'

export interface BufferLimits { readonly messages: number, readonly bytes: number, readonly onFull: 'DropNewest' | 'DropOldest' }
export type BufferKit = Pick<Kit, 'clock' | 'log' | 'lost'>

const tellEveryMs = 10_000

/** Messages that wait for the function, bounded by number and by bytes. What does not fit is lost, counted at once, and logged at most every ten seconds. */
export class BoundedBuffer {
  readonly #limits: BufferLimits
  readonly #kit: BufferKit
  #messages: Msg[] = []
  #head = 0
  #bytes = 0
  #lost = 0
  #told = 0
  #toldAt = -Infinity
  #isClosed = false

  constructor (limits: BufferLimits, kit: BufferKit) {
    this.#limits = limits
    this.#kit = kit
  }

  get size (): number { return this.#messages.length - this.#head }

  push (message: Msg): void {
    if (this.#isClosed) { this.#lose(1); return }
    const bytes = message.data.length
    if (this.#limits.onFull === 'DropOldest') while (this.size > 0 && !this.#fits(bytes)) { this.take(); this.#overflow() }
    if (!this.#fits(bytes)) { this.#overflow(); return }
    this.#bytes += bytes
    this.#messages.push(message)
  }

  take (): Msg | undefined {
    const message = this.#messages[this.#head]
    if (message === undefined) return undefined
    this.#head++
    if (this.#head === this.#messages.length || this.#head > 1024) { this.#messages.splice(0, this.#head); this.#head = 0 }
    this.#bytes -= message.data.length
    return message
  }

  /** What still waits, and what may come yet, is lost: nobody will take it. Called again, it tells what came since. */
  close (): void {
    if (!this.#isClosed) this.#tell(full)
    this.#isClosed = true
    this.#lose(this.#messages.splice(this.#head).length)
    this.#tell(over)
  }

  #fits (bytes: number): boolean { return this.size < this.#limits.messages && this.#bytes + bytes <= this.#limits.bytes }

  #overflow (): void {
    this.#lose(1)
    const now = this.#kit.clock.monotonic()
    if (now - this.#toldAt < tellEveryMs) return
    this.#toldAt = now
    this.#tell(full)
  }

  #lose (events: number): void {
    this.#lost += events
    if (events > 0) this.#kit.lost?.(events)
  }

  #tell (message: string): void {
    if (this.#lost === this.#told) return
    this.#kit.log.warn({ lost: this.#lost - this.#told, lostTotal: this.#lost, waiting: this.size, ...this.#limits }, message)
    this.#told = this.#lost
  }
}

const full = 'events lost: the function cannot keep up and core NATS keeps nothing'
const over = 'events lost: they waited for the function when receiving ended, and core NATS keeps nothing'
