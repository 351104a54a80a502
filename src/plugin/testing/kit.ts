import type { Clock } from '../../core/clock.js'
import type { Kit, Lease, Log, LogFields, Shared } from '../kit.js'
import { onAbort } from '../signals.js'

/** One line that a plugin logged. */
export interface LoggedLine { readonly level: keyof Log, readonly fields: LogFields, readonly message: string }

/** A Kit with a real clock, real sharing and a log that can be read. Nothing of it outlives its users. */
export interface TestKit extends Kit {
  readonly lines: readonly LoggedLine[]
  /** How many shared things are open now. */
  openCount(): number
  /** How many events a connector gave up by `lost`. */
  lostCount(): number
}

export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) => new Promise(resolve => {
    let forget = (): void => undefined
    const timer = setTimeout(done, ms)
    function done (): void { clearTimeout(timer); forget(); resolve() }
    if (signal !== undefined) forget = onAbort(signal, done)
  }),
  after: (ms, fn) => {
    const timer = setTimeout(fn, ms)
    return () => clearTimeout(timer)
  },
}

export function testKit (over: Partial<Kit> = {}): TestKit {
  const lines: LoggedLine[] = []
  const log = (level: keyof Log) => (fields: LogFields, message: string): void => { lines.push({ level, fields, message }) }
  const { share, openCount } = shares()
  let lost = 0
  return {
    clock: realClock,
    random: Math.random,
    log: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
    share,
    ask: answers(over.clock ?? realClock),
    owner: { kind: 'Trigger', namespace: 'default', name: 'test', uid: '0' },
    lost: events => { lost += events },
    ...over,
    lines,
    openCount,
    lostCount: () => lost,
  }
}

type Share = <T>(key: string, open: () => Promise<Shared<T>>) => Promise<Lease<T>>

function shares (): { readonly share: Share, readonly openCount: () => number } {
  const open = new Map<string, { users: number, readonly shared: Promise<Shared<unknown>> }>()
  const share: Share = async <T>(key: string, make: () => Promise<Shared<T>>) => {
    const entry = open.get(key) ?? { users: 0, shared: make() }
    open.set(key, entry)
    entry.users++
    const forget = (): void => { if (open.get(key) === entry) open.delete(key) }
    try {
      const shared = await entry.shared as Shared<T>
      return { value: shared.value, release: async () => { if (--entry.users === 0) { forget(); await shared.close() } } }
    } catch (error) { forget(); throw error }
  }
  return { share, openCount: () => open.size }
}

type Ask = <T>(key: string, maxAgeMs: number, question: (signal: AbortSignal) => Promise<T>, signal: AbortSignal) => Promise<T>

function answers (clock: Clock): Ask {
  const known = new Map<string, { readonly askedAt: number, readonly answer: Promise<unknown> }>()
  return async <T>(key: string, maxAgeMs: number, question: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> => {
    const last = known.get(key)
    if (last !== undefined && clock.monotonic() - last.askedAt < maxAgeMs) return last.answer as Promise<T>
    const entry = { askedAt: clock.monotonic(), answer: question(signal) }
    known.set(key, entry)
    try { return await entry.answer } catch (error) {
      if (known.get(key) === entry) known.delete(key)
      throw error
    }
  }
}
