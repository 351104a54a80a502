import type { Clock, Gauge } from './ports.js'

const sampleEveryMs = 500
const tooLateMs = 100

/** Watches how late the event loop is; while it is later than 100 ms, pumps pull nothing new. */
export class Overload {
  readonly #clock: Clock
  readonly #gauge: Gauge
  #cancel: () => void = () => undefined
  #late = 0

  constructor (clock: Clock, gauge: Gauge) {
    this.#clock = clock
    this.#gauge = gauge
  }

  start (): void { this.#sample() }
  stop (): void { this.#cancel() }
  isOverloaded = (): boolean => this.#late > tooLateMs

  #sample (): void {
    const due = this.#clock.monotonic() + sampleEveryMs
    this.#cancel = this.#clock.after(sampleEveryMs, () => {
      this.#late = Math.max(0, this.#clock.monotonic() - due)
      this.#gauge.set(this.#late / 1000)
      this.#sample()
    })
  }
}
