import { errorCatalogue, type ErrorCode, type Remedy } from '../core/errors.js'
import type { Condition, ObjectStatus } from '../runtime/ports.js'

/** Something that a person should know of: what is wrong and what to do, or what Tidegate does by itself. */
export interface Trouble { readonly severity: 'error' | 'warning', readonly what: string, readonly next: string | undefined }

/** Conditions that are bad news, and the answer that makes them so. Others (Active, FunctionReady) are news. */
const badNews: Readonly<Record<string, { readonly status: Condition['status'], readonly severity: Trouble['severity'] }>> = {
  Ready: { status: 'False', severity: 'error' },
  SourceReady: { status: 'False', severity: 'error' },
  Delivering: { status: 'False', severity: 'error' },
  CircuitClosed: { status: 'False', severity: 'error' },
  Fallback: { status: 'True', severity: 'warning' },
  DeadLettering: { status: 'True', severity: 'warning' },
}

const nextSteps: Readonly<Record<Remedy, string>> = {
  retry: 'tried again by itself; look at the address and whether the server runs',
  'fix-config': 'mend the file: an edit takes effect at once',
  'give-up': 'a defect in Tidegate: please report it with the log',
}

const isCode = (text: string): text is ErrorCode => Object.hasOwn(errorCatalogue, text)

/** Where the code knows better than its remedy. */
const ofCode: Partial<Record<ErrorCode, string>> = {
  TG_SOURCE_NOT_FOUND: 'make it in the broker, or correct its name in the file; it is looked for again by itself',
  TG_SOURCE_REFUSED: 'look at the credentials and at what their user may do; it is tried again by itself',
}

function nextStep (...texts: readonly string[]): string | undefined {
  const code = texts.flatMap(text => text.match(/\bTG_[A-Z_]+/g) ?? []).find(isCode)
  return code === undefined ? undefined : ofCode[code] ?? nextSteps[errorCatalogue[code][0]]
}

/** What is wrong with one object, worst first, each thing once. A failed look that a condition already tells is not repeated. */
export function troublesOf (status: ObjectStatus): readonly Trouble[] {
  const troubles: Trouble[] = []
  const told = (message: string): boolean => troubles.some(trouble => trouble.what.includes(message))
  for (const condition of status.conditions) {
    const bad = badNews[condition.type]
    if (bad === undefined || bad.status !== condition.status || (condition.message !== '' && told(condition.message))) continue
    const what = [condition.reason, condition.message].filter(text => text !== '').join(': ')
    troubles.push({ severity: bad.severity, what, next: nextStep(condition.reason, condition.message) })
  }
  for (const reading of status.scaling?.readings ?? []) {
    if (reading.kind !== 'failed' || told(reading.message)) continue
    troubles.push({ severity: 'error', what: `${reading.trigger}: ${reading.code}: ${reading.message}`, next: nextStep(reading.code) })
  }
  return troubles.sort((a, b) => Number(a.severity === 'warning') - Number(b.severity === 'warning'))
}
