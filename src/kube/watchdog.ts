import type { Clock } from '../runtime/ports.js'

/** Notices a stream that went silent without being closed. */
export class Watchdog {
  #heardAt: number
  #cancel: () => void = () => undefined

  constructor (private readonly clock: Clock, private readonly silenceMs: number, private readonly onSilent: () => void) {
    this.#heardAt = clock.monotonic()
    this.#look()
  }

  async * watched (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      this.#heardAt = this.clock.monotonic()
      yield chunk
    }
  }

  stop (): void { this.#cancel() }

  #look (): void {
    const left = this.#heardAt + this.silenceMs - this.clock.monotonic()
    if (left <= 0) return this.onSilent()
    this.#cancel = this.clock.after(left, () => this.#look())
  }
}
