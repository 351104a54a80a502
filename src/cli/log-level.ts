import { TidegateError } from '../core/errors.js'
import type { LogLevel } from '../telemetry/logger.js'

const levels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']

/** What --log-level says. Throws where it is no level. */
export function levelOf (text: string): LogLevel {
  const level = levels.find(l => l === text)
  if (level === undefined) throw new TidegateError('TG_USAGE', `--log-level ${text} is no level`, { hint: `one of ${levels.join(', ')}` })
  return level
}
