import { createWriteStream } from 'node:fs'
import type { DecisionLog } from '../runtime/ports.js'

/** Every decision as a line of JSON: what it was made from, and what it was. `decideReplicas` on the same input gives the same decision. */
export function decisionFile (path: string): DecisionLog & { close(): Promise<void> } {
  const file = createWriteStream(path, { flags: 'a' })
  return {
    record: record => { file.write(`${JSON.stringify(record)}\n`) },
    close: () => new Promise((resolve, reject) => { file.end((error?: Error | null) => error === undefined || error === null ? resolve() : reject(error)) }),
  }
}
