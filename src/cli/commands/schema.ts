import { resourceSchema } from '../../registry/schema.js'
import { builtins } from '../builtins.js'
import type { ExitCode, Output } from '../command.js'

/** Writes the JSON Schema of all kinds, with the built-in scalers and connectors. */
export async function schema (output: Output): Promise<ExitCode> {
  output.out(JSON.stringify(resourceSchema(builtins), null, 2))
  return 0
}
