import { readFile } from 'node:fs/promises'
import { parseDocument } from 'yaml'
import { readConfig } from '../api/index.js'
import { errorMessage, TidegateError } from '../core/errors.js'
import { formatProblem } from '../spec/problem.js'
import type { Defaults } from '../runtime/configs.js'
import type { Log } from '../runtime/ports.js'

/** `defaults` of a tidegate.yaml. `<key>FromEnv` names a variable of our own environment. Rejects with everything that is wrong with the file. */
export async function readDefaults (file: string, environment: Readonly<Record<string, string | undefined>>, log: Log): Promise<Defaults> {
  const parsed = readConfig(await documentIn(file), { kind: 'file', file, locate: () => ({ line: 1, column: 1 }) })
  if (!parsed.ok) throw new TidegateError('TG_CONFIG_INVALID', parsed.problems.map(formatProblem).join('\n'))
  return Object.fromEntries(Object.entries(parsed.value.defaults ?? {}).map(([broker, values]) => [broker, resolved(values, environment, log)]))
}

async function documentIn (file: string): Promise<unknown> {
  try {
    return parseDocument(await readFile(file, 'utf8')).toJS()
  } catch (cause) {
    throw new TidegateError('TG_CONFIG_INVALID', `${file} cannot be read: ${errorMessage(cause)}`, { cause, hint: 'give another with --config' })
  }
}

function resolved (values: Readonly<Record<string, unknown>>, environment: Readonly<Record<string, string | undefined>>, log: Log): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => {
    if (!key.endsWith('FromEnv') || typeof value !== 'string') return [key, value]
    if ((environment[value] ?? '') === '') log.warn({ variable: value }, `defaults name the variable ${value}, which is not set`)
    return [key.slice(0, -'FromEnv'.length), environment[value]]
  }))
}
