import { appendFile, readFile } from 'node:fs/promises'
import { workLog } from './folders.js'

/** One line for each message that was worked on. A short append is one write, so replicas do not cut each other's lines. */
export const note = entry => appendFile(workLog, `${JSON.stringify(entry)}\n`)

export async function readWorkLog () {
  const text = await readFile(workLog, 'utf8').catch(() => '')
  return text.split('\n').filter(line => line !== '').map(line => JSON.parse(line))
}
