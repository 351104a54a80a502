import { isKedaScaler } from '../../api/index.js'
import { TidegateError } from '../../core/errors.js'
import type { Registry } from '../../registry/registry.js'
import { didYouMean, referencePage, type PageFormat } from '../../spec/index.js'
import { builtins } from '../builtins.js'
import { listing } from '../listing.js'
import type { ExitCode, Output } from '../command.js'
import { scalerFacts } from '../reference-facts.js'

/** Lists the scalers, or shows the page of one. Rejects with TG_SCALER_UNKNOWN or TG_SCALER_NOT_BUILT. */
export async function scalers (type: string | undefined, format: PageFormat, output: Output, registry: Registry = builtins): Promise<ExitCode> {
  if (type === undefined) {
    for (const line of listing(registry.scalers)) output.out(line)
    output.out('tidegate scalers TYPE shows every field, with examples.')
    return 0
  }
  const scaler = registry.scaler(type)
  if (scaler === undefined) throw unknown(type, registry)
  output.out(referencePage({ ...scaler, facts: await scalerFacts(scaler) }, format))
  return 0
}

function unknown (type: string, registry: Registry): TidegateError {
  const known = registry.scalers.map(s => s.type)
  return isKedaScaler(type)
    ? new TidegateError('TG_SCALER_NOT_BUILT', `KEDA has a scaler "${type}"; it is not built here yet`, { hint: `built: ${known.join(', ')}` })
    : new TidegateError('TG_SCALER_UNKNOWN', `no scaler "${type}"`, { hint: didYouMean(type, known) ?? 'see `tidegate scalers`' })
}
