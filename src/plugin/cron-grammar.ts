import { parseDuration } from '../core/duration.js'

/** What a cron text says, every field spelled out. */
export type CronExpression =
  | { readonly kind: 'fields', readonly fields: CronFields, readonly timeZone: string | undefined }
  /** `@every`: whole seconds after the tick before, not aligned to the clock. */
  | { readonly kind: 'every', readonly everyMs: number }

/** Values of each field, ascending. */
export interface CronFields {
  readonly second: readonly number[]
  readonly minute: readonly number[]
  readonly hour: readonly number[]
  readonly dayOfMonth: DayField
  readonly month: readonly number[]
  readonly dayOfWeek: DayField
}

/** With two restricted day fields either may match; a star leaves the day to the other. */
export interface DayField { readonly values: readonly number[], readonly isStar: boolean }

export interface CronDialect {
  /** A sixth field for seconds may stand first. */
  readonly seconds?: boolean
  /** `@daily`, `@every 5m` and the like. */
  readonly descriptors?: boolean
}

export type ParsedCron =
  | { readonly ok: true, readonly expression: CronExpression }
  /** Continues a sentence whose subject is the text: `day of week 7 is above 6`. */
  | { readonly ok: false, readonly problem: string }

interface Bounds { readonly name: string, readonly min: number, readonly max: number, readonly names?: readonly string[] }
const second: Bounds = { name: 'second', min: 0, max: 59 }
const minute: Bounds = { name: 'minute', min: 0, max: 59 }
const hour: Bounds = { name: 'hour', min: 0, max: 23 }
const dayOfMonth: Bounds = { name: 'day of month', min: 1, max: 31 }
const month: Bounds = { name: 'month', min: 1, max: 12, names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'] }
const dayOfWeek: Bounds = { name: 'day of week', min: 0, max: 6, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] }

const descriptors: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *', '@annually': '0 0 1 1 *', '@monthly': '0 0 1 * *', '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *', '@midnight': '0 0 * * *', '@hourly': '0 * * * *',
}

class Refused extends Error {}

/**
 * Reads the grammar of robfig/cron v3, which Kubernetes and KEDA share: five fields, day of week 0-6, lists, ranges, steps, names,
 * `?` for `*`, a `TZ=` or `CRON_TZ=` prefix. `*` with a step above 1 counts as restricted; a list with a plain star in it does not.
 */
export function parseCron (text: string, dialect: CronDialect = {}): ParsedCron {
  try {
    return { ok: true, expression: readExpression(text.trim(), dialect) }
  } catch (error) {
    if (error instanceof Refused) return { ok: false, problem: error.message }
    throw error
  }
}

/** What is wrong with a cron text, undefined when nothing is. */
export function cronProblem (text: string, dialect: CronDialect = {}): string | undefined {
  const parsed = parseCron(text, dialect)
  return parsed.ok ? undefined : parsed.problem
}

/** Whether this machine knows the zone. UTC is known without asking: the first question makes Intl load its data, 9 ms of a start. */
export function isTimeZone (name: string): boolean {
  if (utcNames.includes(name)) return true
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== ''
  } catch {
    return false // Intl says it by throwing a RangeError
  }
}

const utcNames: readonly string[] = ['UTC', 'Etc/UTC']

export const isUtc = (timeZone: string): boolean => utcNames.includes(timeZone)

function readExpression (text: string, dialect: CronDialect): CronExpression {
  const prefixed = /^(?:CRON_)?TZ=(\S*)\s+(.*)$/.exec(text)
  const [timeZone, rest] = prefixed === null ? [undefined, text] : [prefixed[1] ?? '', prefixed[2] ?? '']
  if (timeZone !== undefined && !isTimeZone(timeZone)) throw new Refused(`time zone ${timeZone} is not known`)
  if (!rest.startsWith('@')) return { kind: 'fields', fields: readFields(rest, dialect), timeZone }
  if (dialect.descriptors !== true) throw new Refused(`${rest} cannot be used here: five fields are needed`)
  if (rest.startsWith('@every')) return { kind: 'every', everyMs: everyMs(rest.slice('@every'.length).trim()) }
  const fields = descriptors[rest]
  if (fields === undefined) throw new Refused(`${rest} is none of ${Object.keys(descriptors).join(', ')}, @every`)
  return { kind: 'fields', fields: readFields(fields, {}), timeZone }
}

function everyMs (text: string): number {
  const ms = parseDuration(text)
  if (ms === undefined) throw new Refused(`@every needs a duration such as 90s or 1h30m, not "${text}"`)
  return Math.max(1000, Math.floor(ms / 1000) * 1000)
}

function readFields (text: string, dialect: CronDialect): CronFields {
  const parts = text.split(/\s+/).filter(part => part !== '')
  const wanted = dialect.seconds === true ? [5, 6] : [5]
  if (!wanted.includes(parts.length)) throw new Refused(`has ${parts.length} fields, not ${wanted.join(' or ')}`)
  const [s, m, h, dom, mon, dow] = (parts.length === 5 ? ['0', ...parts] : parts) as [string, string, string, string, string, string]
  return {
    second: values(s, second), minute: values(m, minute), hour: values(h, hour),
    dayOfMonth: { values: values(dom, dayOfMonth), isStar: isStar(dom) },
    month: values(mon, month),
    dayOfWeek: { values: values(dow, dayOfWeek), isStar: isStar(dow) },
  }
}

const elements = (field: string): string[] => field.split(',').filter(element => element !== '')
const isStar = (field: string): boolean => elements(field).some(element => /^[*?](\/0*1)?$/.test(element))

function values (field: string, bounds: Bounds): number[] {
  const found = new Set(elements(field).flatMap(element => range(element, bounds)))
  if (found.size === 0) throw new Refused(`${bounds.name} "${field}" is empty`)
  return [...found].sort((a, b) => a - b)
}

/** `*`, `a`, `a-b`, each with an optional `/step`; `a/step` runs to the end of the field. */
function range (element: string, bounds: Bounds): number[] {
  const [span = '', stepText, ...moreSteps] = element.split('/')
  const [low = '', high, ...moreEnds] = span.split('-')
  if (moreSteps.length > 0 || moreEnds.length > 0 || low === '') throw new Refused(`${bounds.name} "${element}" is no number, range or step`)
  const step = stepText === undefined ? 1 : whole(stepText, { ...bounds, name: `step of ${bounds.name}`, names: [] })
  if (step === 0) throw new Refused(`step of ${bounds.name} "${element}" must be at least 1`)
  const isAll = high === undefined && (low === '*' || low === '?')
  const from = isAll ? bounds.min : whole(low, bounds)
  const to = isAll || (high === undefined && stepText !== undefined) ? bounds.max : high === undefined ? from : whole(high, bounds)
  if (from < bounds.min) throw new Refused(`${bounds.name} ${from} is below ${bounds.min}`)
  if (to > bounds.max) throw new Refused(`${bounds.name} ${to} is above ${bounds.max}`)
  if (from > to) throw new Refused(`${bounds.name} "${element}" runs backwards`)
  return Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step)
}

function whole (text: string, bounds: Bounds): number {
  const named = bounds.names?.indexOf(text.toLowerCase()) ?? -1
  if (named >= 0) return named + bounds.min
  if (!/^\+?\d+$/.test(text)) throw new Refused(`${bounds.name} "${text}" is no whole number`)
  return Number(text)
}
