import type { Msg } from 'nats'
import type { Clock, Log } from '../plugin/index.js'

export interface BufferLimits { readonly messages: number, readonly bytes: number, readonly onFull: 'DropNewest' | 'DropOldest' }

const tellEveryMs = 10_000

/** Messages that wait for the function, bounded by number and by bytes. What does not fit is lost, counted, and told at most every ten seconds. */
export class BoundedBuffer {
  readonly #limits: BufferLimits
  readonly #kit: { readonly clock: Clock, readonly log: Log }
  #messages: Msg[] = []
  #head = 0
  #bytes = 0
  #lost = 0
  #told = 0
  #toldAt = -Infinity

  constructor (limits: BufferLimits, kit: { readonly clock: Clock, readonly log: Log }) {
    this.#limits = limits
    this.#kit = kit
  }

  get size (): number { return this.#messages.length - this.#head }
  /** Lost since the buffer was made. */
  get lost (): number { return this.#lost }

  push (message: Msg): void {
    const bytes = message.data.length
    if (this.#limits.onFull === 'DropOldest') while (this.size > 0 && !this.#fits(bytes)) { this.take(); this.#lose() }
    if (!this.#fits(bytes)) { this.#lose(); return }
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

  /** What still waits is lost: nobody will take it. */
  close (): void {
    while (this.take() !== undefined) this.#lost++
    this.#tell()
  }

  #fits (bytes: number): boolean { return this.size < this.#limits.messages && this.#bytes + bytes <= this.#limits.bytes }

  #lose (): void {
    this.#lost++
    const now = this.#kit.clock.monotonic()
    if (now - this.#toldAt < tellEveryMs) return
    this.#toldAt = now
    this.#tell()
  }

  #tell (): void {
    if (this.#lost === this.#told) return
    this.#kit.log.warn({ lost: this.#lost - this.#told, lostTotal: this.#lost, waiting: this.size, ...this.#limits }, 'events lost: the function cannot keep up and core NATS keeps nothing')
    this.#told = this.#lost
  }
}
