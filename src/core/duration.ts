const unitMs: Readonly<Record<string, number>> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/**
 * A Go duration (`300ms`, `1.5h`, `2h45m`) in milliseconds; undefined when the text is none.
 * A bare number is refused: it hides its unit. `0` alone is a duration, as in Go. Negative ones are refused.
 */
export function parseDuration (text: string): number | undefined {
  if (text === '0') return 0
  if (!/^(\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))*$/.test(text)) return undefined
  let total = 0
  for (const [, amount, unit] of text.matchAll(/([\d.]+)(ns|us|µs|ms|[smh])/g)) total += Number(amount) * (unitMs[unit ?? ''] ?? NaN)
  return Number.isFinite(total) ? total : undefined
}

/** The shortest exact text: `90000` is `1m30s`, `250` is `250ms`. */
export function formatDuration (ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`
  const whole = Math.round(ms / 1000)
  const parts: [number, string][] = [[Math.floor(whole / 3600), 'h'], [Math.floor(whole % 3600 / 60), 'm'], [whole % 60, 's']]
  return parts.filter(([n]) => n > 0).map(([n, unit]) => `${n}${unit}`).join('')
}
