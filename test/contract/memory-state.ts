import type { PluginState } from '../../src/plugin/index.js'

/** A state that outlives the connectors that use it. */
export function memoryState (): PluginState & { readonly values: ReadonlyMap<string, string> } {
  const values = new Map<string, string>()
  return {
    values,
    get: async key => values.get(key),
    async compareAndSet (key, expected, next) {
      if (values.get(key) !== expected) return false
      values.set(key, next)
      return true
    },
  }
}
