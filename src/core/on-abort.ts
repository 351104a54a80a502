/** One real listener a signal, whatever number of calls wait on it: a signal that lives as long as a pump has thousands of them, in and out. */
const waiting = new WeakMap<AbortSignal, Set<() => void>>()

/** Calls `fn` when the signal aborts, or at once when it has; the function returned takes the call back. */
export function onAbort (signal: AbortSignal, fn: () => void): () => void {
  if (signal.aborted) { fn(); return () => undefined }
  const entry = (): void => fn() // the same function may wait twice
  const calls = callsOf(signal).add(entry)
  return () => { calls.delete(entry) }
}

function callsOf (signal: AbortSignal): Set<() => void> {
  const present = waiting.get(signal)
  if (present !== undefined) return present
  const calls = new Set<() => void>()
  waiting.set(signal, calls)
  signal.addEventListener('abort', () => {
    waiting.delete(signal)
    for (const call of calls) call()
    calls.clear()
  }, { once: true })
  return calls
}
