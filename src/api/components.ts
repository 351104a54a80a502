import type { Path } from '../spec/index.js'
import { isMapping } from '../spec/read.js'
import type { AuthenticationRef } from './scale-trigger.js'

/** One place of an object where a plugin's configuration is written. */
export interface Component {
  readonly role: 'scaler' | 'source' | 'deadLetter'
  /** Scaler: its type. Else the source key. */
  readonly name: string
  readonly values: Readonly<Record<string, unknown>>
  /** Of the values, from the object. */
  readonly path: Path
  /** Of the name, from the object. */
  readonly namePath: Path
  readonly authenticationRef: AuthenticationRef | undefined
  readonly useCachedMetrics: boolean
}

/**
 * The plugins that an object configures. Takes a resource, or a document as it was written, of which it reads what can be
 * read, so that a mistake in one place hides none in another.
 */
export function componentsOf (object: unknown): readonly Component[] {
  const spec = isMapping(object) ? object['spec'] : undefined
  if (!isMapping(object) || !isMapping(spec)) return []
  if (object['kind'] === 'ScaledObject' || object['kind'] === 'ScaledJob') return scalersOf(spec['triggers'])
  if (object['kind'] !== 'Trigger') return []
  const deadLetter = isMapping(spec['deadLetter']) ? spec['deadLetter']['to'] : undefined
  return [
    ...keyed('source', spec['source'], ['spec', 'source'], spec['authenticationRef']),
    ...keyed('deadLetter', deadLetter, ['spec', 'deadLetter', 'to'], spec['authenticationRef']),
  ]
}

function scalersOf (triggers: unknown): readonly Component[] {
  if (!Array.isArray(triggers)) return []
  return triggers.flatMap((trigger: unknown, i): Component[] => {
    if (!isMapping(trigger) || typeof trigger['type'] !== 'string' || trigger['type'] === '') return []
    const path = ['spec', 'triggers', i]
    return [{
      role: 'scaler', name: trigger['type'], values: isMapping(trigger['metadata']) ? trigger['metadata'] : {},
      path: [...path, 'metadata'], namePath: [...path, 'type'],
      authenticationRef: referenceFrom(trigger['authenticationRef']), useCachedMetrics: trigger['useCachedMetrics'] === true,
    }]
  })
}

function keyed (role: Component['role'], value: unknown, path: Path, authenticationRef: unknown): readonly Component[] {
  if (!isMapping(value)) return []
  return Object.entries(value).map(([name, values]) => ({
    role, name, values: isMapping(values) ? values : {}, path: [...path, name], namePath: [...path, name],
    authenticationRef: referenceFrom(authenticationRef), useCachedMetrics: false,
  }))
}

function referenceFrom (raw: unknown): AuthenticationRef | undefined {
  if (!isMapping(raw) || typeof raw['name'] !== 'string') return undefined
  return { name: raw['name'], kind: raw['kind'] === 'ClusterTriggerAuthentication' ? 'ClusterTriggerAuthentication' : 'TriggerAuthentication' }
}
