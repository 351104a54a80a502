import { FormulaError } from './error.js'

export type TokenKind = 'number' | 'text' | 'name' | 'sign' | 'end'

/** `value`: of a text what it says, of anything else how it is written. */
export interface Token { readonly kind: TokenKind, readonly value: string, readonly at: number }

/** Words that are operators and can be no names. */
const words: ReadonlySet<string> = new Set(['and', 'or', 'not', 'in', 'contains', 'startsWith', 'endsWith', 'matches', 'let'])

const space = /(?:\s|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y
/** The point of a number is not that of a range: `1..3` is three tokens. */
const number = /0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*(?:\.(?!\.)[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?/y
const name = /[\p{L}_$][\p{L}\p{N}_$]*/yu
const text = /"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|`([^`]*)`/y
const sign = /\?\?|\?\.|\.\.|\*\*|&&|\|\||==|!=|<=|>=|[-+*/%^<>!?:,;.#|=()[\]{}]/y

/** The tokens of a formula, with `end` as the last. Throws FormulaError at a sign that begins none. */
export function tokensOf (formula: string): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  const taken = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    return pattern.exec(formula)
  }
  for (;;) {
    at += taken(space)?.[0].length ?? 0
    if (at >= formula.length) return [...tokens, { kind: 'end', value: '', at }]
    const token = numberAt(taken(number), at) ?? nameAt(taken(name), at) ?? textAt(taken(text), at) ?? signAt(taken(sign), at)
    if (token === undefined) throw new FormulaError('syntax', at, `${JSON.stringify(formula[at])} begins nothing that is understood`)
    tokens.push(token.token)
    at += token.length
  }
}

type Found = { readonly token: Token, readonly length: number } | undefined

const found = (kind: TokenKind, value: string, at: number, length = value.length): Found => ({ token: { kind, value, at }, length })
const numberAt = (match: RegExpExecArray | null, at: number): Found => match === null ? undefined : found('number', match[0], at)
const nameAt = (match: RegExpExecArray | null, at: number): Found => match === null ? undefined : found(words.has(match[0]) ? 'sign' : 'name', match[0], at)
const signAt = (match: RegExpExecArray | null, at: number): Found => match === null ? undefined : found('sign', match[0], at)

function textAt (match: RegExpExecArray | null, at: number): Found {
  if (match === null) return undefined
  const [whole, double, single, raw] = match
  return found('text', raw ?? unescaped(double ?? single ?? ''), at, whole.length)
}

const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', '0': '\0' }

const unescaped = (written: string): string => written.replace(/\\(?:u([0-9a-fA-F]{4})|(.))/gs, (_, hex: string | undefined, sign: string | undefined) =>
  hex === undefined ? escapes[sign ?? ''] ?? sign ?? '' : String.fromCharCode(Number.parseInt(hex, 16)))
