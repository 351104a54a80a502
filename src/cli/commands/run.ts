import { TidegateError } from '../../core/errors.js'
import type { ExitCode, Output, RunOptions } from '../program.js'

/** Runs manifests on this machine until it is told to stop. */
export async function run (_options: RunOptions, _output: Output): Promise<ExitCode> {
  throw new TidegateError('TG_CONFIG_NOT_BUILT', 'run is not wired yet')
}
