import { TidegateError } from '../core/errors.js'
import type { ConnectorDefinition } from '../plugin/connector.js'
import type { ScalerDefinition } from '../plugin/scaler.js'

/** Definitions that are added together: our built-ins, or one third-party package. */
export interface Plugins {
  readonly scalers?: readonly AnyScaler[]
  readonly connectors?: readonly AnyConnector[]
}
/** Definitions whose configuration type is known to themselves alone: only what its own `config` parsed ever reaches its `open`. */
export type AnyScaler = ScalerDefinition
export type AnyConnector = ConnectorDefinition

/** The definitions as a value. */
export interface Registry {
  readonly scalers: readonly AnyScaler[]
  readonly connectors: readonly AnyConnector[]
  scaler(type: string): AnyScaler | undefined
  connector(type: string): AnyConnector | undefined
  /** By the key below a Trigger's `source`. */
  connectorByKey(sourceKey: string): AnyConnector | undefined
  /** With these added. Throws TG_PLUGIN_INVALID when a type is taken or a definition is incomplete. */
  with(plugins: Plugins): Registry
  /** Without the scaler and the connector of this type. */
  without(type: string): Registry
}

export const emptyRegistry: Registry = make([], [])

function make (scalers: readonly AnyScaler[], connectors: readonly AnyConnector[]): Registry {
  const byType = new Map(scalers.map(s => [s.type, s]))
  const connectorByType = new Map(connectors.map(c => [c.type, c]))
  const bySourceKey = new Map(connectors.map(c => [c.sourceKey, c]))
  return {
    scalers,
    connectors,
    scaler: type => byType.get(type),
    connector: type => connectorByType.get(type),
    connectorByKey: key => bySourceKey.get(key),
    with: plugins => make(join('scaler', scalers, plugins.scalers ?? []), join('connector', connectors, plugins.connectors ?? [])),
    without: type => make(scalers.filter(s => s.type !== type), connectors.filter(c => c.type !== type)),
  }
}

function join<D extends AnyScaler | AnyConnector> (kind: string, present: readonly D[], added: readonly D[]): readonly D[] {
  const all = [...present]
  for (const definition of added) {
    const wrong = whatIsWrong(definition)
    if (wrong !== undefined) throw new TidegateError('TG_PLUGIN_INVALID', `${kind} "${definition.type}" ${wrong}`)
    if (all.some(d => d.type === definition.type)) throw new TidegateError('TG_PLUGIN_INVALID', `${kind} type "${definition.type}" is taken`, { hint: 'third parties put a domain before their types: acme.io/ibmmq' })
    all.push(definition)
  }
  return all.sort((a, b) => a.type < b.type ? -1 : 1)
}

function whatIsWrong (definition: AnyScaler | AnyConnector): string | undefined {
  if (!/^([a-z0-9.-]+\/)?[a-z][a-z0-9-]*$/.test(definition.type)) return 'has a type that is not kebab-case'
  if (!definition.summary.endsWith('.')) return 'needs a summary of one sentence that ends with a full stop'
  if (definition.examples.length === 0) return 'needs an example'
  return undefined
}
