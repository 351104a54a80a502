import type { Log } from '../runtime/ports.js'
import { prettyLine } from './pretty.js'
import { scrub } from './scrub.js'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

export interface LoggerOptions {
  /** The least level that is written. */
  readonly level: LogLevel
  readonly destination: { write (line: string): unknown }
  /** A line for people instead of JSON. */
  readonly pretty?: boolean
}

/**
 * A Log that writes one line of JSON per entry: time (RFC 3339), level, the fields, msg. Errors, wherever they stand among the fields,
 * are written as message, code, stack and cause. The finished line is scrubbed of what looks like a credential, so nothing gets past by standing deeper.
 */
export async function logger ({ level, destination, pretty = false }: LoggerOptions): Promise<Log> {
  const { default: pino } = await import('pino')
  const write = (line: string): void => {
    const clean = scrub(line)
    destination.write(pretty ? prettyLine(clean) : clean)
  }
  const inner = pino({
    level,
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    serializers: { err: (error: unknown) => error }, // pino's own would fold the causes into the message
    formatters: { level: label => ({ level: label }), log: withErrors },
  }, { write })
  return {
    debug: (fields, message) => inner.debug(fields, message),
    info: (fields, message) => inner.info(fields, message),
    warn: (fields, message) => inner.warn(fields, message),
    error: (fields, message) => inner.error(fields, message),
  }
}

function withErrors (fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, field]) => [key, field instanceof Error ? plainError(field) : field]))
}

const deepestCause = 5

function plainError (error: Error, depth = 0): Record<string, unknown> {
  const { message, stack, cause } = error
  return {
    message,
    ...('code' in error ? { code: error.code } : {}),
    ...('hint' in error ? { hint: error.hint } : {}),
    stack,
    ...(cause instanceof Error && depth < deepestCause ? { cause: plainError(cause, depth + 1) } : {}),
  }
}
