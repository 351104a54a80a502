import type { DecisionLog, Log } from '../runtime/ports.js'
import { errorMessage } from '../core/errors.js'
import { lineFile } from './line-file.js'

/**
 * Every decision as a line of JSON: what it was made from, and what it was. `decideReplicas` on the same input gives the same decision.
 * Rejects with TG_USAGE when the file cannot be opened; when it cannot be written later, the log says so once.
 */
export async function decisionFile (path: string, log: Log): Promise<DecisionLog & { close(): Promise<void> }> {
  const onFailed = (error: unknown): void => log.warn({ file: path, why: errorMessage(error) }, 'decisions are not recorded any more')
  const file = await lineFile(path, 'the decisions to', { onFailed })
  return {
    record: record => file.write(`${JSON.stringify(record)}\n`),
    close: () => file.close(),
  }
}
