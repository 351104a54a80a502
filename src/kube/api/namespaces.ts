/** The namespaces that are looked at. None named: all. */
export type Namespaces = readonly string[]

/** What `--namespace` says: names with commas between them, as in KEDA's WATCH_NAMESPACE; empty, two quotes or nothing mean all. */
export function namespacesFrom (text: string | undefined): Namespaces {
  if (text === undefined || text === '""') return []
  return [...new Set(text.split(',').map(name => name.trim()).filter(name => name !== ''))]
}

/** One for each namespace, or one for all of them: a server lists one namespace or every one, never some. */
export const eachNamespace = <T> (namespaces: Namespaces, make: (namespace: string) => T): readonly T[] =>
  (namespaces.length === 0 ? [''] : namespaces).map(make)
