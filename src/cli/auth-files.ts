import { readFile, realpath, stat } from 'node:fs/promises'
import { isAbsolute, resolve, sep } from 'node:path'
import { errorMessage, TidegateError } from '../core/errors.js'
import type { AuthFiles, Data } from '../runtime/ports.js'
import { isMapping } from '../spec/read.js'

const mostBytes = 1_048_576

/** Files that `filePath` of a ClusterTriggerAuthentication names, below the root that the operator's owner chose; none without one. */
export function authFiles (root: string | undefined): AuthFiles {
  return {
    async read (path) {
      if (root === undefined) throw refused('filePath is not allowed here', 'start with --filepath-auth-root-path, the folder that such files are mounted in')
      if (isAbsolute(path) || path.split(/[\\/]/).includes('..')) throw refused(`filePath must be relative and without .., unlike "${path}"`, 'it begins at the root that --filepath-auth-root-path names')
      return pairsOf(await contentsOf(root, path), path)
    },
  }
}

/** A link may lead about below the root (mounted volumes are made of them), not out of it. */
async function contentsOf (root: string, path: string): Promise<string> {
  try {
    const base = await realpath(root)
    const file = await realpath(resolve(base, path))
    if (!file.startsWith(base + sep)) throw refused(`filePath "${path}" leads out of its root`, 'name a file below the root')
    if ((await stat(file)).size > mostBytes) throw refused(`the file "${path}" is larger than 1 MiB`, 'it holds one JSON object of parameters')
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof TidegateError) throw error
    throw new TidegateError('TG_REF_NOT_FOUND', `the file "${path}" cannot be read: ${errorMessage(error)}`, { hint: 'look at what is mounted there' })
  }
}

/** What is wrong with the text is said without a word of it: it is a secret. */
function pairsOf (text: string, path: string): Data {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch {
    throw refused(`the file "${path}" is no JSON`, shape)
  }
  if (!isMapping(parsed) || Object.values(parsed).some(value => typeof value !== 'string')) throw refused(`the file "${path}" is no JSON object of texts`, shape)
  return parsed as Data
}

const shape = 'it looks like {"parameter": "value"}'

const refused = (message: string, hint: string): TidegateError => new TidegateError('TG_CONFIG_INVALID', message, { hint })
