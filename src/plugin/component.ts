import type { ConfigSpec } from '../spec/config-spec.js'

export type Stability = 'stable' | 'beta' | 'alpha' | 'deprecated'

/** One way to use a component; linted by a test. */
export interface Example {
  readonly title: string
  /** Scaler: an entry of `triggers`. Connector: the map below `source`. */
  readonly yaml: string
}

/** What a component says of itself; docs, lint, JSON Schema and the reference page are read from this. */
export interface ComponentInfo<C> {
  /** The word people write in YAML: kebab-case. */
  readonly type: string
  readonly title: string
  /** One sentence, ends with a full stop. */
  readonly summary: string
  /** Version of Tidegate that had it first. */
  readonly since: string
  readonly stability: Stability
  readonly config: ConfigSpec<C>
  readonly examples: readonly [Example, ...Example[]]
  /** Capabilities of the Kit that this component cannot do without; lint says when a mode lacks one. */
  readonly needs?: readonly Capability[]
}

export type Capability = 'state' | 'workloads' | 'deliveries'
