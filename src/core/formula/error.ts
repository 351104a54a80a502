/** What kind of mistake: in the text itself, in the types of what is combined, in a value that came about, or a formula that takes too long. */
export type FormulaFault = 'syntax' | 'type' | 'value' | 'steps'

/** A mistake in a formula, with its place: the number of signs before it. */
export class FormulaError extends Error {
  override readonly name = 'FormulaError'
  constructor (readonly fault: FormulaFault, readonly at: number, readonly what: string) { super(`${what} (at sign ${at + 1})`) }
}
