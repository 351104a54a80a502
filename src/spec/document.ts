import type { Field } from './field.js'
import type { Path, Problem } from './problem.js'
import { readField, Report, unreadable } from './read.js'

/** What came of reading: the value when there is no error, and every problem, warnings included. */
export type Parsed<T> =
  | { readonly ok: true, readonly value: T, readonly problems: readonly Problem[] }
  | { readonly ok: false, readonly problems: readonly Problem[] }

/** Reads one YAML value against its declaration, as a CRD's schema would: typed, closed, defaults filled in. */
export function readDocument<T> (field: Field<T>, raw: unknown, path: Path = []): Parsed<T> {
  const report = new Report()
  const value = readField(field, raw, path, report)
  return value === unreadable || report.hasErrors
    ? { ok: false, problems: report.problems }
    : { ok: true, value: value as T, problems: report.problems }
}
