import type { ErrorCode } from '../core/errors.js'
import { nearest } from './nearest.js'

export type Path = readonly (string | number)[]

/** Where a resource came from. `locate` gives the place of a path in it: 1-based, of its nearest existing ancestor when the path itself is not there. */
export type Origin =
  | { readonly kind: 'file', readonly file: string, locate(path: Path): { readonly line: number, readonly column: number } }
  | { readonly kind: 'cluster', readonly cluster: string }

/** One thing wrong with what a user wrote: where, what, and what to do. */
export interface Problem {
  readonly code: ErrorCode
  readonly severity: 'error' | 'warning'
  readonly path: Path
  /** What is wrong; starts in lower case, names the value. */
  readonly message: string
  /** What to do instead. */
  readonly hint?: string
  readonly origin?: Origin
}

/** `spec.triggers[0].metadata.queueLength`; keys that are not plain words are quoted. */
export function formatPath (path: Path): string {
  return path.map((part, i) => typeof part === 'number' ? `[${part}]`
    : /^[\w-]+$/.test(part) ? (i === 0 ? part : `.${part}`)
      : `["${part}"]`).join('')
}

/** `orders.yaml:14:9 error TG_CONFIG_UNKNOWN_FIELD spec.x: no such field; did you mean y?` */
export function formatProblem (p: Problem): string {
  const where = formatPath(p.path)
  const text = `${p.severity} ${p.code} ${where === '' ? '' : `${where}: `}${p.message}${p.hint === undefined ? '' : `; ${p.hint}`}`
  if (p.origin?.kind !== 'file') return text
  const { line, column } = p.origin.locate(p.path)
  return `${p.origin.file}:${line}:${column} ${text}`
}

/**
 * Problems as one text, a line each, for where the code of the first stands beside it already. Severity is left out: what is shown so is in the way.
 * No problem at all counts as one of an unknown kind.
 */
export function besideCode (problems: readonly Problem[]): { readonly code: ErrorCode, readonly text: string } {
  const code = problems[0]?.code ?? 'TG_CONFIG_INVALID'
  const lines = problems.map(problem => formatProblem(problem).replace(`${problem.severity} ${problem.code} `, problem.code === code ? '' : `${problem.code} `))
  return { code, text: lines.join('\n') }
}

export const isError = (p: Problem): boolean => p.severity === 'error'

/** The hint for a name that is not known: the nearest of those that are, or all of them when they are few. */
export function didYouMean (name: string, known: readonly string[]): string | undefined {
  const near = nearest(name, known)
  if (near !== undefined) return `did you mean ${near}?`
  return known.length > 0 && known.length <= 12 ? `known: ${[...known].sort().join(', ')}` : undefined
}
