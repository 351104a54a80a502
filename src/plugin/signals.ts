import { onAbort } from '../core/on-abort.js'

export { onAbort }

/** Resolves when the signal aborts. */
export const aborted = (signal: AbortSignal): Promise<void> => new Promise(resolve => { onAbort(signal, resolve) })

interface Waiter<T> {
  readonly resolve: (result: IteratorResult<T>) => void
  readonly reject: (error: unknown) => void
}

/** A queue between a callback and a `for await`: `push` never waits, the consumer ends when `end` was called or the signal aborts. */
export class Inbox<T> implements AsyncIterableIterator<T> {
  readonly #items: T[] = []
  #head = 0
  #waiting: Waiter<T>[] = []
  #ended: { readonly error?: unknown } | undefined

  /** Entries pushed and not taken yet. */
  get size (): number { return this.#items.length - this.#head }

  push (item: T): void {
    const waiter = this.#waiting.shift()
    if (waiter !== undefined) waiter.resolve({ done: false, value: item })
    else this.#items.push(item)
  }

  /** No more comes; what is there is still handed out, then the loop ends, with the error when one is given. */
  end (error?: unknown): void {
    if (this.#ended !== undefined) return
    this.#ended = error === undefined ? {} : { error }
    for (const waiter of this.#waiting.splice(0)) this.#finish(waiter)
  }

  /** Takes back all that was not handed out. */
  drain (): T[] {
    const left = this.#items.slice(this.#head)
    this.#items.length = 0
    this.#head = 0
    return left
  }

  next (): Promise<IteratorResult<T>> {
    if (this.#head < this.#items.length) return Promise.resolve({ done: false, value: this.#take() })
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) this.#finish({ resolve, reject })
      else this.#waiting.push({ resolve, reject })
    })
  }

  return (): Promise<IteratorResult<T>> {
    this.end()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator] (): this { return this }

  #take (): T {
    const item = this.#items[this.#head] as T
    this.#head++
    if (this.#head > 1024 && this.#head * 2 > this.#items.length) { this.#items.splice(0, this.#head); this.#head = 0 }
    if (this.#head === this.#items.length) { this.#items.length = 0; this.#head = 0 }
    return item
  }

  #finish (waiter: Waiter<T>): void {
    if (this.#ended?.error === undefined) waiter.resolve({ done: true, value: undefined })
    else waiter.reject(this.#ended.error)
  }
}
