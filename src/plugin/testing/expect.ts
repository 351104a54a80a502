import { TidegateError } from '../../core/errors.js'

/** Throws with this message unless the condition holds. */
export function ensure (condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message)
}

/** Throws unless both are the same value; compares JSON, so order of keys matters. */
export function equal (actual: unknown, expected: unknown, what: string): void {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)]
  ensure(a === b, `${what}: expected ${b}, got ${a}`)
}

/** The promise's value, or an error that names what did not happen in time. */
export async function within<T> (ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => { timer = setTimeout(() => reject(new Error(`${what}: not within ${ms} ms`)), ms) })
  try { return await Promise.race([promise, late]) } finally { clearTimeout(timer) }
}

/** Waits until the condition holds; looks every 20 ms. The last answer is in the error. */
export async function eventually<T> (what: string, look: () => T | Promise<T>, holds: (seen: T) => boolean, ms = 10_000): Promise<T> {
  const deadline = performance.now() + ms
  for (;;) {
    const seen = await look()
    if (holds(seen)) return seen
    ensure(performance.now() < deadline, `${what}: not within ${ms} ms, last seen ${JSON.stringify(seen)}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

/** The TidegateError that this promise rejects with; throws when it resolves or rejects with anything else. */
export async function tidegateError (what: string, promise: Promise<unknown>): Promise<TidegateError> {
  try { await promise } catch (thrown) {
    ensure(thrown instanceof TidegateError, `${what}: expected a TidegateError, got ${String(thrown)}`)
    return thrown
  }
  throw new Error(`${what}: expected a rejection`)
}
