/** A value that must not be shown: prints `***` wherever a value is printed. Whoever needs it says so: `reveal()`. */
export class Secret {
  readonly #value: string
  constructor (value: string) { this.#value = value }

  reveal (): string { return this.#value }
  toString (): string { return '***' }
  toJSON (): string { return '***' }
  [Symbol.for('nodejs.util.inspect.custom')] (): string { return '***' }
}
