/** So many at once, and then one each `everyMs`. Times are of one clock, milliseconds. */
export class Allowance {
  readonly #most: number
  readonly #everyMs: number
  #left: number
  #since = 0

  constructor ({ most, everyMs }: { readonly most: number, readonly everyMs: number }) {
    this.#most = most
    this.#everyMs = everyMs
    this.#left = most
  }

  /** When the next one is allowed, `now` at the earliest. */
  nextAt (now: number): number {
    this.#refill(now)
    return this.#left > 0 ? now : this.#since + this.#everyMs
  }

  take (now: number): void {
    this.#refill(now)
    if (this.#left === this.#most) this.#since = now
    this.#left = Math.max(0, this.#left - 1)
  }

  #refill (now: number): void {
    const came = Math.floor((now - this.#since) / this.#everyMs)
    if (this.#left === this.#most || came <= 0) return
    this.#left = Math.min(this.#most, this.#left + came)
    this.#since += came * this.#everyMs
  }
}
