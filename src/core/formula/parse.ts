import { FormulaError } from './error.js'
import { takesClosure } from './closures.js'
import type { Node } from './node.js'
import { tokensOf, type Token } from './token.js'

/** How tightly an operator binds, as expr-lang has it: `??` the most, before even a sign. */
const binary: Readonly<Record<string, number>> = {
  '|': 0, or: 10, '||': 10, and: 15, '&&': 15,
  '==': 20, '!=': 20, '<': 20, '>': 20, '<=': 20, '>=': 20, in: 20, contains: 20, startsWith: 20, endsWith: 20, matches: 20,
  '..': 25, '+': 30, '-': 30, '*': 60, '/': 60, '%': 60, '**': 100, '^': 100, '??': 500,
}
const unary: Readonly<Record<string, number>> = { not: 50, '!': 50, '-': 90, '+': 90 }
const fromTheRight: ReadonlySet<string> = new Set(['**', '^'])
/** `a < b < c` means that both hold. */
const chained: ReadonlySet<string> = new Set(['<', '>', '<=', '>='])
const mayFollowNot: ReadonlySet<string> = new Set(['in', 'contains', 'startsWith', 'endsWith'])

/** Longest formula, and deepest nesting of it. */
const mostSigns = 4096
const deepest = 100

/** Throws FormulaError. */
export function parseFormula (text: string): Node {
  if (text.length > mostSigns) throw new FormulaError('syntax', mostSigns, `a formula has at most ${mostSigns} signs`)
  return new Parser(tokensOf(text)).whole()
}

class Parser {
  readonly #tokens: readonly Token[]
  #position = 0
  #depth = 0
  /** Closures around the present place. */
  #closures = 0

  constructor (tokens: readonly Token[]) { this.#tokens = tokens }

  whole (): Node {
    const node = this.#expression(0)
    if (this.#current.kind !== 'end') throw this.#unexpected()
    return node
  }

  get #current (): Token { return this.#tokens[this.#position] ?? { kind: 'end', value: '', at: 0 } }

  #next (): Token {
    const token = this.#current
    this.#position++
    return token
  }

  #is (sign: string): boolean { return this.#current.kind === 'sign' && this.#current.value === sign }

  #take (sign: string): boolean {
    if (!this.#is(sign)) return false
    this.#position++
    return true
  }

  #expect (sign: string): void { if (!this.#take(sign)) throw this.#unexpected(`${sign} is expected here`) }

  #unexpected (what?: string): FormulaError {
    const { kind, value, at } = this.#current
    return new FormulaError('syntax', at, what ?? (kind === 'end' ? 'the formula ends too early' : `${JSON.stringify(value)} is not expected here`))
  }

  #expression (least: number): Node {
    if (++this.#depth > deepest) throw new FormulaError('syntax', this.#current.at, `a formula is nested at most ${deepest} deep`)
    const node = least === 0 && this.#is('let') ? this.#declaration() : this.#operators(least)
    this.#depth--
    return node
  }

  #declaration (): Node {
    const { at } = this.#next()
    const { kind, value: name } = this.#next()
    if (kind !== 'name') throw new FormulaError('syntax', at, 'let needs a name')
    this.#expect('=')
    const value = this.#expression(0)
    this.#expect(';')
    return { kind: 'let', name, value, body: this.#expression(0), at }
  }

  #operators (least: number): Node {
    let left = this.#operand()
    let before = ''
    for (;;) {
      const isNegated = this.#is('not') && mayFollowNot.has(this.#tokens[this.#position + 1]?.value ?? '')
      const token = isNegated ? this.#tokens[this.#position + 1] ?? this.#current : this.#current
      const binds = token.kind === 'sign' ? binary[token.value] : undefined
      if (binds === undefined || binds < least) break
      this.#position += isNegated ? 2 : 1
      if (before === '??' && token.value !== '??') throw new FormulaError('syntax', token.at, `${token.value} and ?? cannot be mixed; put parentheses around one of them`)
      const node = this.#applied(left, token, binds)
      left = isNegated ? { kind: 'unary', operator: 'not', operand: node, at: token.at } : node
      before = token.value
    }
    return least === 0 ? this.#choices(left) : left
  }

  #applied (left: Node, { value: operator, at }: Token, binds: number): Node {
    if (operator === '|') return this.#piped(left)
    if (operator === 'matches') throw new FormulaError('syntax', at, 'matches is not built: a formula works on numbers')
    const right = this.#expression(fromTheRight.has(operator) ? binds : binds + 1)
    const node: Node = { kind: 'binary', operator, left, right, at }
    if (!chained.has(operator) || this.#current.kind !== 'sign' || !chained.has(this.#current.value)) return node
    return { kind: 'binary', operator: 'and', left: node, right: this.#applied(right, this.#next(), binds), at }
  }

  #piped (left: Node): Node {
    const name = this.#next()
    if (name.kind !== 'name') throw new FormulaError('syntax', name.at, '| needs a function')
    return this.#call(name, [left])
  }

  #choices (condition: Node): Node {
    let node = condition
    while (this.#is('?')) {
      const { at } = this.#next()
      const yes = this.#is(':') ? node : this.#expression(0)
      this.#expect(':')
      node = { kind: 'choice', condition: node, yes, no: this.#expression(0), at }
    }
    return node
  }

  #operand (): Node {
    const { kind, value, at } = this.#current
    const binds = kind === 'sign' ? unary[value] : undefined
    if (binds !== undefined) {
      this.#position++
      return { kind: 'unary', operator: value, operand: this.#expression(binds), at }
    }
    return this.#postfixes(this.#primary())
  }

  #primary (): Node {
    const { kind, value, at } = this.#next()
    switch (kind) {
      case 'number': return { kind: 'literal', value: numberFrom(value, at), at }
      case 'text': return { kind: 'literal', value, at }
      case 'name': return this.#named({ kind, value, at })
      case 'sign':
        if (value === '(') return this.#parenthesized()
        if (value === '[') return { kind: 'list', items: this.#items(']'), at }
        if (value === '#') return this.#pointer(at)
        break
      case 'end': break
    }
    this.#position--
    throw this.#unexpected(value === '{' ? 'maps are not built: a formula works on numbers' : undefined)
  }

  #named (token: Token): Node {
    const { value, at } = token
    if (value === 'true' || value === 'false') return { kind: 'literal', value: value === 'true', at }
    if (value === 'nil') return { kind: 'literal', value: null, at }
    return this.#is('(') ? this.#call(token, []) : { kind: 'name', name: value, at }
  }

  #parenthesized (): Node {
    const inner = this.#expression(0)
    this.#expect(')')
    return inner
  }

  #pointer (at: number): Node {
    if (this.#closures === 0) throw new FormulaError('syntax', at, '# has a meaning only inside of a function such as filter')
    const { kind, value } = this.#current
    const name = kind === 'name' && ['acc', 'index'].includes(value) ? this.#next().value : ''
    return { kind: 'pointer', name, at }
  }

  #items (end: string): readonly Node[] {
    const items: Node[] = []
    while (!this.#take(end)) {
      if (items.length > 0) this.#expect(',')
      if (this.#take(end)) break
      items.push(this.#expression(0))
    }
    return items
  }

  /** `first` is there already where it was piped in. */
  #call ({ value: name, at }: Token, first: readonly Node[]): Node {
    this.#expect('(')
    if (!takesClosure.has(name)) return { kind: 'call', name, args: [...first, ...this.#items(')')], closure: undefined, at }
    const args = first.length > 0 ? [...first] : [this.#expression(0)]
    let closure: Node | undefined
    if (first.length > 0 ? !this.#is(')') : this.#take(',')) closure = this.#closure()
    while (this.#take(',') && !this.#is(')')) args.push(this.#expression(0))
    this.#expect(')')
    return { kind: 'call', name, args, closure, at }
  }

  #closure (): Node {
    const isBraced = this.#take('{')
    this.#closures++
    const body = this.#expression(0)
    this.#closures--
    if (isBraced) this.#expect('}')
    return body
  }

  #postfixes (node: Node): Node {
    let of = node
    for (;;) {
      const { at } = this.#current
      if (this.#take('[')) of = this.#elementOf(of, at)
      else if (this.#take('.') || this.#take('?.')) of = { kind: 'element', of, key: this.#member(), at }
      else return of
    }
  }

  #member (): Node {
    const { kind, value, at } = this.#next()
    if (kind !== 'name') throw new FormulaError('syntax', at, 'a name is expected behind the point')
    return { kind: 'literal', value, at }
  }

  #elementOf (of: Node, at: number): Node {
    const from = this.#is(':') ? undefined : this.#expression(0)
    if (!this.#take(':')) {
      this.#expect(']')
      if (from === undefined) throw this.#unexpected()
      return { kind: 'element', of, key: from, at }
    }
    const to = this.#is(']') ? undefined : this.#expression(0)
    this.#expect(']')
    return { kind: 'slice', of, from, to, at }
  }
}

function numberFrom (written: string, at: number): bigint | number {
  const plain = written.replaceAll('_', '')
  if (!/^0[xob]/i.test(plain) && /[.e]/i.test(plain)) return Number(plain)
  const whole = BigInt(plain)
  if (whole > 2n ** 63n - 1n) throw new FormulaError('syntax', at, `${written} is too large a whole number`)
  return whole
}
