import { onAbort, type Clock } from '../plugin/index.js'

/** When to look at a queue again: at once after a message, then after longer and longer pauses while nothing comes. */
export interface Pace {
  /** Tells what the last look brought. */
  saw(messages: number): void
  /** A message will be there again after this time: a pause ends then at the latest. */
  expect(afterMs: number): void
  /** Resolves when it is time for the next look, or when the signal aborts. */
  rest(signal: AbortSignal): Promise<void>
}

export function adaptivePace ({ min, max }: { readonly min: number, readonly max: number }, clock: Clock): Pace {
  let pause = 0
  let expectedAt = Infinity
  let interrupt: () => void = () => undefined
  return {
    saw (messages) { pause = messages > 0 ? 0 : Math.min(max, Math.max(min, pause * 2)) },
    expect (afterMs) {
      expectedAt = Math.min(expectedAt, clock.monotonic() + afterMs)
      interrupt()
    },
    async rest (signal) {
      const restedAt = clock.monotonic() + pause
      const left = (): number => Math.min(restedAt, expectedAt) - clock.monotonic()
      while (left() > 0 && !signal.aborted) {
        const sleeping = new AbortController()
        interrupt = () => sleeping.abort()
        const forget = onAbort(signal, interrupt)
        await clock.sleep(left(), sleeping.signal)
        forget()
      }
      if (clock.monotonic() >= expectedAt) {
        expectedAt = Infinity
        pause = 0
      }
    },
  }
}
