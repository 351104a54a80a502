/** A JSON log line for people: `14:03:07 warn the source is away  trigger=audit code=TG_SOURCE_UNREACHABLE`. What is no JSON stays as it is. */
export function prettyLine (line: string): string {
  const entry = parse(line)
  if (entry === undefined) return line
  const { time, level, msg, ...fields } = entry
  const clock = typeof time === 'string' ? time.slice(11, 19) : ''
  const rest = Object.entries(fields).map(([key, value]) => `${key}=${plain(value)}`).join(' ')
  return `${clock} ${String(level).padEnd(5)} ${String(msg)}${rest === '' ? '' : `  ${rest}`}\n`
}

function parse (line: string): Record<string, unknown> | undefined {
  try {
    const entry: unknown = JSON.parse(line)
    return typeof entry === 'object' && entry !== null ? { ...entry } : undefined
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

function plain (value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)
  if (typeof value === 'object' && value !== null && 'message' in value && 'stack' in value) return JSON.stringify(value.message)
  return JSON.stringify(value)
}
