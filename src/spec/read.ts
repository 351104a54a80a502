import { type Check, type Field, type Fields, type Violation } from './field.js'
import type { LeafIssue } from './leaf-schema.js'
import { didYouMean, type Path, type Problem } from './problem.js'

/** How strictly YAML types are taken: `typed` as a CRD does; `text` where every value is text (KEDA metadata); `either` in a Trigger's source. */
export type Mode = 'typed' | 'text' | 'either'

/** Gathers every problem; nothing stops at the first. */
export class Report {
  readonly problems: Problem[] = []
  add (problem: Omit<Problem, 'severity'> & { severity?: Problem['severity'] }): void {
    this.problems.push({ ...problem, severity: problem.severity ?? 'error' })
  }

  get hasErrors (): boolean { return this.problems.some(p => p.severity === 'error') }
}

/** Marks a value that could not be read; the problem is in the report. */
export const unreadable: unique symbol = Symbol('unreadable')

const isAbsent = (raw: unknown, mode: Mode): boolean => raw === undefined || raw === null || (mode !== 'typed' && typeof raw === 'string' && raw.trim() === '')

/** One value of one field, defaults filled in. */
export function readField (field: Field<unknown>, raw: unknown, path: Path, report: Report, mode: Mode = 'typed'): unknown {
  if (isAbsent(raw, mode)) return readAbsent(field, path, report, mode)
  if (field.options.notBuilt !== undefined) {
    report.add({ code: 'TG_CONFIG_NOT_BUILT', path, message: 'is not built yet', hint: field.options.notBuilt })
    return undefined
  }
  if (field.options.removed !== undefined) return refuse(path, report, 'is read no more', field.options.removed)
  if (field.options.deprecated !== undefined) report.add({ code: 'TG_CONFIG_INVALID', severity: 'warning', path, message: 'is deprecated', hint: field.options.deprecated })
  return readPresent(field, normalise(field, raw, mode), path, report, mode)
}

function readAbsent (field: Field<unknown>, path: Path, report: Report, mode: Mode): unknown {
  if (field.default !== undefined) return readPresent(field, field.default, path, report, mode)
  if (field.options.optional === true) return undefined
  report.add({
    code: 'TG_CONFIG_MISSING', path, message: 'is required',
    ...(field.options.example === undefined ? {} : { hint: `for example ${field.options.example}` }),
  })
  return unreadable
}

function normalise (field: Field<unknown>, raw: unknown, mode: Mode): unknown {
  if (mode === 'typed') return raw
  if (typeof raw === 'string') return field.fromText(raw.trim())
  const isScalar = typeof raw === 'number' || typeof raw === 'boolean'
  if (isScalar && (mode === 'text' || ['string', 'secret'].includes(field.kind))) return field.fromText(String(raw))
  return raw
}

function readPresent (field: Field<unknown>, raw: unknown, path: Path, report: Report, mode: Mode): unknown {
  if (field.kind === 'any') return raw
  if (field.kind === 'object') return readObject(field, raw, path, report, mode)
  if (field.kind === 'list') return readList(field, raw, path, report, mode)
  if (field.kind === 'map') return readMap(field, raw, path, report, mode)
  const checked = field.schema?.().safeParse(raw)
  if (checked?.success === false) {
    report.add({ code: 'TG_CONFIG_INVALID', path, ...explain(field, raw, checked.error.issues) })
    return unreadable
  }
  return field.convert === undefined ? raw : field.convert(raw as never)
}

function readList (field: Field<unknown>, raw: unknown, path: Path, report: Report, mode: Mode): unknown {
  if (!Array.isArray(raw)) return refuse(path, report, `must be a list, not ${describe(raw)}`)
  if (raw.length < (field.minItems ?? 0)) return refuse(path, report, `needs at least ${field.minItems ?? 0} ${field.minItems === 1 ? 'entry' : 'entries'}`)
  const out = raw.map((element, i) => readField(elementOf(field), element, [...path, i], report, mode))
  const excluding = (field.exclusive ?? []).filter(element => out.includes(element))
  if (excluding.length > 1) return refuse(path, report, `may hold only one of ${excluding.join(', ')}`)
  return out.includes(unreadable) ? unreadable : out
}

function readMap (field: Field<unknown>, raw: unknown, path: Path, report: Report, mode: Mode): unknown {
  if (!isMapping(raw)) return refuse(path, report, `must be a mapping, not ${describe(raw)}`)
  const element = elementOf(field)
  const isEmptyText = (value: unknown): boolean => value === '' && element.kind === 'string' // `key=` gives the key an empty value
  const out = Object.entries(raw).map(([key, value]) => [key, isEmptyText(value) ? '' : readField(element, value, [...path, key], report, mode)] as const)
  return out.some(([, value]) => value === unreadable) ? unreadable : Object.fromEntries(out)
}

function readObject (field: Field<unknown>, raw: unknown, path: Path, report: Report, mode: Mode): unknown {
  if (!isMapping(raw)) return refuse(path, report, `must be a mapping, not ${describe(raw)}`)
  const fields = field.fields ?? {}
  const out: Record<string, unknown> = field.open === true ? { ...raw } : {}
  if (field.open !== true) reportUnknown(raw, fields, path, report)
  for (const [name, inner] of Object.entries(fields)) {
    const key = [name, ...(inner.options.aliases ?? [])].find(k => !isAbsent(raw[k], mode)) ?? name
    out[name] = readField(inner, raw[key], [...path, key], report, mode)
  }
  if (Object.values(out).includes(unreadable)) return unreadable
  runChecks(field.checks ?? [], out, name => !isAbsent(raw[name], mode), path, report)
  return out // the report has what is broken; the rules of what lies around can still be asked
}

function reportUnknown (raw: Readonly<Record<string, unknown>>, fields: Fields, path: Path, report: Report): void {
  const known = Object.entries(fields).flatMap(([name, f]) => [name, ...(f.options.aliases ?? [])])
  for (const key of Object.keys(raw)) {
    if (known.includes(key)) continue
    const hint = didYouMean(key, known)
    report.add({ code: 'TG_CONFIG_UNKNOWN_FIELD', path: [...path, key], message: 'no such field', ...(hint === undefined ? {} : { hint }) })
  }
}

/** Runs the rules over several fields. */
export function runChecks (checks: readonly Check[], value: unknown, given: (name: string) => boolean, path: Path, report: Report): void {
  const broken: Violation[] = checks.flatMap(check => check(value as never, given))
  for (const { field, below, code, message, hint } of broken) {
    report.add({ code: code ?? 'TG_CONFIG_CONFLICT', path: [...path, ...(field === '' ? [] : [field]), ...(below ?? [])], message, ...(hint === undefined ? {} : { hint }) })
  }
}

/** The message for a value that its schema refused, in words of the field. */
function explain (field: Field<unknown>, raw: unknown, issues: readonly LeafIssue[]): { message: string, hint?: string } {
  const got = field.kind === 'secret' ? 'the value given' : JSON.stringify(raw)
  if (field.kind === 'enum') {
    const hint = typeof raw === 'string' ? didYouMean(raw, field.values ?? []) : undefined
    return { message: `${got} is not one of ${(field.values ?? []).join(', ')}`, ...(hint === undefined || hint.startsWith('known') ? {} : { hint }) }
  }
  const issue = issues[0]
  switch (issue?.code) {
    case 'too_small': return { message: `${got} is too small: must be ${issue.inclusive === false ? 'more than' : 'at least'} ${String(issue.minimum)}${issue.origin === 'string' ? ' characters long' : ''}` }
    case 'too_big': return { message: `${got} is too large: must be at most ${String(issue.maximum)}${issue.origin === 'string' ? ' characters long' : ''}` }
    case 'custom':
    case 'invalid_format': return { message: `${got} ${issue.message}` }
    case 'invalid_type': return {
      message: `must be ${article(field.kind)}, not ${describe(raw)}`,
      ...(field.kind === 'string' && ['number', 'boolean'].includes(typeof raw) ? { hint: `write it in quotes: "${String(raw)}"` } : {}),
    }
    default: return { message: `${got} is not ${article(field.kind)}` }
  }
}

const article = (kind: string): string => `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind === 'secret' ? 'string' : kind}`

function describe (raw: unknown): string {
  if (Array.isArray(raw)) return 'a list'
  if (isMapping(raw)) return 'a mapping'
  return `the ${typeof raw} ${JSON.stringify(raw)}`
}

function refuse (path: Path, report: Report, message: string, hint?: string): typeof unreadable {
  report.add({ code: 'TG_CONFIG_INVALID', path, message, ...(hint === undefined ? {} : { hint }) })
  return unreadable
}

const anything: Field<unknown> = { kind: 'any', options: { summary: '' }, fromText: text => text }
const elementOf = (field: Field<unknown>): Field<unknown> => field.item ?? anything

export const isMapping = (raw: unknown): raw is Readonly<Record<string, unknown>> => typeof raw === 'object' && raw !== null && !Array.isArray(raw)
