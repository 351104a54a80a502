import { errorMessage, onAbort, TidegateError, type Clock, type ErrorCode } from '../plugin/index.js'

/** Which queue a call is about, for messages. */
export interface QueuePlace { readonly queue: string, readonly account: string, readonly host: string }

export interface QueueCall {
  /** Runs one call with its deadline; what it fails with becomes a TidegateError that begins with `what`. */
  <T>(what: string, signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T>
  /** The same for a call on a message in hand: undefined when somebody else has it by now, or it is gone. */
  unlessLost<T>(what: string, signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T | undefined>
}

/** A queue that answers nothing for this long counts as away. */
const deadlineMs = 10_000

export function callQueue (place: QueuePlace, clock: Clock): QueueCall {
  const call = async <T>(what: string, signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T> => {
    signal.throwIfAborted()
    const ended = new AbortController()
    const forget = onAbort(signal, () => ended.abort())
    let isLate = false
    const stopTimer = clock.after(deadlineMs, () => { isLate = true; ended.abort() })
    try {
      return await run(ended.signal)
    } catch (error) {
      signal.throwIfAborted()
      throw isLate ? sourceError('TG_SOURCE_UNREACHABLE', what, place, `no answer within ${deadlineMs / 1000} s`, error) : translated(what, place, error)
    } finally {
      forget()
      stopTimer()
    }
  }
  const unlessLost = async <T>(what: string, signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T | undefined> =>
    await call<T | undefined>(what, signal, async inner => {
      try {
        return await run(inner)
      } catch (error) {
        if (lostCodes.has(restError(error).code ?? '')) return undefined
        throw error
      }
    })
  return Object.assign(call, { unlessLost })
}

/** The message was deleted, or received by another after its visibility timeout. */
const lostCodes = new Set(['MessageNotFound', 'PopReceiptMismatch'])

const hints: Partial<Record<ErrorCode, string>> = {
  TG_SOURCE_REFUSED: 'check the connection string or the roles of the identity (Storage Queue Data Message Processor)',
  TG_SOURCE_NOT_FOUND: 'create the queue, or correct queueName',
}

function translated (what: string, place: QueuePlace, error: unknown): TidegateError {
  if (error instanceof TidegateError) return error // of the token exchange; it says more than we could
  const { statusCode, code } = restError(error)
  if (statusCode === 404) return sourceError('TG_SOURCE_NOT_FOUND', what, place, code ?? 'not found', error)
  if (statusCode === 401 || statusCode === 403) return sourceError('TG_SOURCE_REFUSED', what, place, code ?? `HTTP ${statusCode}`, error)
  if (statusCode === undefined || statusCode >= 500 || statusCode === 429) return sourceError('TG_SOURCE_UNREACHABLE', what, place, code ?? errorMessage(error), error)
  return sourceError('TG_SOURCE_BAD_ANSWER', what, place, `HTTP ${statusCode} ${code ?? errorMessage(error)}`, error)
}

/** The cause is cut down to its text: the SDK's error holds the request, and its address may hold a shared access signature. */
function sourceError (code: ErrorCode, what: string, { queue, account, host }: QueuePlace, why: string, error: unknown): TidegateError {
  const hint = hints[code]
  const because = why === 'ECONNREFUSED' ? 'connection refused' : why
  return new TidegateError(code, `${what} queue "${queue}" of account "${account}" at ${host}: ${because}`,
    { cause: new Error(withoutSignatures(errorMessage(error))), ...(hint === undefined ? {} : { hint }) })
}

const withoutSignatures = (text: string): string => text.replace(/([?&]sig=)[^&\s]+/g, '$1***')

function restError (error: unknown): { readonly statusCode: number | undefined, readonly code: string | undefined } {
  const { statusCode, code } = (typeof error === 'object' && error !== null ? error : {}) as { statusCode?: unknown, code?: unknown }
  return { statusCode: typeof statusCode === 'number' ? statusCode : undefined, code: typeof code === 'string' ? code : undefined }
}
