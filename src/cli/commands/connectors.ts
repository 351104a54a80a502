import { TidegateError } from '../../core/errors.js'
import type { Registry } from '../../registry/registry.js'
import { didYouMean, referencePage, type PageFormat } from '../../spec/index.js'
import { builtins } from '../builtins.js'
import { listing } from '../listing.js'
import type { ExitCode, Output } from '../command.js'
import { connectorFacts } from '../reference-facts.js'

/** Lists the connectors, or shows the page of one, named by its type or its key. Rejects with TG_CONNECTOR_UNKNOWN. */
export async function connectors (type: string | undefined, format: PageFormat, output: Output, registry: Registry = builtins): Promise<ExitCode> {
  if (type === undefined) {
    for (const line of listing(registry.connectors.map(c => ({ ...c, type: c.sourceKey })))) output.out(line)
    output.out('tidegate connectors KEY shows every field, with examples.')
    return 0
  }
  const connector = registry.connector(type) ?? registry.connectorByKey(type)
  if (connector === undefined) {
    const known = registry.connectors.flatMap(c => [...new Set([c.sourceKey, c.type])])
    throw new TidegateError('TG_CONNECTOR_UNKNOWN', `no connector "${type}"`, { hint: didYouMean(type, known) ?? 'see `tidegate connectors`' })
  }
  output.out(referencePage({ ...connector, facts: connectorFacts(connector) }, format))
  return 0
}
