/** Listeners of values that are worked out anew after every change, and told only when they differ from what was told last. */
export interface Watchers {
  /** Tells the present value at once. The function returned ends the watch. */
  add<T>(read: () => T, listener: (value: T) => void): () => void
  /** Something may have changed. */
  changed(): void
}

export function watchers (): Watchers {
  const all = new Set<() => void>()
  return {
    add (read, listener) {
      let told: string | undefined
      const look = (): void => {
        const value = read()
        const text = JSON.stringify(value) ?? 'undefined'
        if (text === told) return
        told = text
        listener(value)
      }
      all.add(look)
      look()
      return () => { all.delete(look) }
    },
    changed () {
      for (const look of [...all]) if (all.has(look)) look()
    },
  }
}
