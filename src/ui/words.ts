import type { EpochMs } from '../core/clock.js'

/** `1234567` is `1,234,567`; parts of a whole are kept to one place: `2.5`. */
export function count (value: number): string {
  const [whole = '0', part] = (Math.round(value * 10) / 10).toString().split('.')
  return whole.replace(/\B(?=(\d{3})+$)/g, ',') + (part === undefined ? '' : `.${part}`)
}

/** `1 event`, `2 events`. */
export const counted = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? '' : 's'}`

/** Events a second, with as many places as say something: `0.2`, `12`, `1,250`. */
export const perSecond = (rate: number): string => count(rate >= 10 ? Math.round(rate) : rate)

/** A wait in the two largest units that matter: `12 s`, `4 min 5 s`, `3 h 20 min`, `2 d 4 h`. Begun seconds count whole. */
export function wait (ms: number): string {
  const seconds = Math.ceil(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  const units: readonly (readonly [number, string])[] = [[86_400, 'd'], [3_600, 'h'], [60, 'min'], [1, 's']]
  const first = units.findIndex(([size]) => seconds >= size)
  let rest = seconds
  const parts: string[] = []
  for (const [size, unit] of units.slice(first, first + 2)) {
    const amount = Math.floor(rest / size)
    rest -= amount * size
    if (amount > 0) parts.push(`${amount} ${unit}`)
  }
  return parts.join(' ')
}

/** A measured time: `131 ms`, `2.4 s`, `80 s`. */
export function took (ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`
}

/** A polling interval as it is written in YAML: whole seconds bare, others in full. */
export const interval = (ms: number): string => ms % 1000 === 0 ? String(ms / 1000) : `${ms} ms`

/** The time of day where the reader sits: `14:02:05`. */
export function timeOfDay (at: EpochMs): string {
  const local = new Date(at)
  return [local.getHours(), local.getMinutes(), local.getSeconds()].map(n => String(n).padStart(2, '0')).join(':')
}
