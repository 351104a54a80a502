import type { Kit, Lease, Shared } from '../plugin/kit.js'
import type { Clock, Log } from './ports.js'
import { errorMessage } from '../core/errors.js'
import { onAbort } from '../core/on-abort.js'

/** `Kit.share` and `Kit.ask` for everybody: one client per (broker, credential), one question per source. */
export type Sharing = Pick<Kit, 'share' | 'ask'>

export function sharing (clock: Clock, log: Log): Sharing {
  return { share: sharedClients(log), ask: sharedQuestions(clock) }
}

function sharedClients (log: Log): Kit['share'] {
  interface Entry { readonly opened: Promise<Shared<unknown>>, users: number }
  const entries = new Map<string, Entry>()

  async function release (key: string, entry: Entry): Promise<void> {
    if (--entry.users > 0) return
    if (entries.get(key) === entry) entries.delete(key)
    try {
      await (await entry.opened).close()
    } catch (error) {
      log.warn({ err: errorMessage(error) }, 'a shared client did not close cleanly')
    }
  }

  return async function share<T> (key: string, open: () => Promise<Shared<T>>): Promise<Lease<T>> {
    let entry = entries.get(key)
    if (entry === undefined) {
      entry = { opened: open(), users: 0 }
      entries.set(key, entry)
    }
    entry.users++
    try {
      const shared = await entry.opened as Shared<T>
      const held = entry
      let released = false
      return {
        value: shared.value,
        release: async () => {
          if (released) return
          released = true
          await release(key, held)
        },
      }
    } catch (error) {
      if (entries.get(key) === entry) entries.delete(key)
      throw error
    }
  }
}

function sharedQuestions (clock: Clock): Kit['ask'] {
  interface Question { readonly answer: Promise<unknown>, readonly controller: AbortController, waiting: number, answeredAt: number | undefined }
  const questions = new Map<string, Question>()

  function begin<T> (key: string, question: (signal: AbortSignal) => Promise<T>): Question {
    const controller = new AbortController()
    const asked: Question = { answer: question(controller.signal), controller, waiting: 0, answeredAt: undefined }
    questions.set(key, asked)
    asked.answer.then(
      () => { asked.answeredAt = clock.monotonic() },
      () => { if (questions.get(key) === asked) questions.delete(key) })
    return asked
  }

  function isFresh (asked: Question, maxAgeMs: number): boolean {
    return asked.answeredAt === undefined ? !asked.controller.signal.aborted : clock.monotonic() - asked.answeredAt <= maxAgeMs
  }

  /** Answers that nobody would take any more must not pile up. */
  function forgetOld (): void {
    if (questions.size <= 1000) return
    for (const [key, asked] of questions) if (asked.answeredAt !== undefined && clock.monotonic() - asked.answeredAt > 60_000) questions.delete(key)
  }

  return async function ask<T> (key: string, maxAgeMs: number, question: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted()
    const present = questions.get(key)
    const asked = present !== undefined && isFresh(present, maxAgeMs) ? present : begin(key, question)
    forgetOld()
    asked.waiting++
    try {
      return await untilAborted(asked.answer as Promise<T>, signal)
    } finally {
      asked.waiting--
      if (asked.waiting === 0 && asked.answeredAt === undefined) asked.controller.abort()
    }
  }
}

/** The promise's outcome, or the signal's reason when that comes first. */
export function untilAborted<T> (promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const letGo = onAbort(signal, () => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted')))
    promise.then(resolve, reject).finally(letGo)
  })
}
