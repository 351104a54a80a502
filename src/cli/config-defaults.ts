import { readFile } from 'node:fs/promises'
import { parseDocument } from 'yaml'
import { readConfig, type TidegateConfig } from '../api/index.js'
import { errorMessage, TidegateError } from '../core/errors.js'
import { formatProblem } from '../spec/problem.js'
import type { Defaults } from '../runtime/configs.js'
import type { Log } from '../runtime/ports.js'

type Environment = Readonly<Record<string, string | undefined>>

/** `defaults` of a tidegate.yaml, as `resolvedDefaults` has them. Rejects with everything that is wrong with the file. */
export async function readDefaults (file: string, environment: Environment, log: Log): Promise<Defaults> {
  const parsed = readConfig(await documentIn(file), { kind: 'file', file, locate: () => ({ line: 1, column: 1 }) })
  if (!parsed.ok) throw new TidegateError('TG_CONFIG_INVALID', parsed.problems.map(formatProblem).join('\n'))
  return resolvedDefaults(parsed.value, environment, log)
}

/** What is said for every object: `<key>FromEnv` names a variable of our own environment; one that is not set is warned of. */
export function resolvedDefaults ({ defaults = {} }: TidegateConfig, environment: Environment, log: Log): Defaults {
  return Object.fromEntries(Object.entries(defaults).map(([broker, values]) => [broker, resolved(values, environment, log)]))
}

async function documentIn (file: string): Promise<unknown> {
  try {
    return parseDocument(await readFile(file, 'utf8')).toJS()
  } catch (cause) {
    throw new TidegateError('TG_CONFIG_INVALID', `${file} cannot be read: ${errorMessage(cause)}`, { cause, hint: 'give another with --config' })
  }
}

function resolved (values: Readonly<Record<string, unknown>>, environment: Environment, log: Log): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => {
    if (!key.endsWith('FromEnv') || typeof value !== 'string') return [key, value]
    if ((environment[value] ?? '') === '') log.warn({ variable: value }, `defaults name the variable ${value}, which is not set`)
    return [key.slice(0, -'FromEnv'.length), environment[value]]
  }))
}
