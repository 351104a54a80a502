import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path'
import { belowHome, podPlan, stateFolderOf } from '../../local/index.js'
import { contentsOf, manifestFolder } from '../../manifest/index.js'
import type { Registry } from '../../registry/registry.js'
import { formatProblem, isError } from '../../spec/problem.js'
import { problemsOf } from '../lint/problems.js'
import { fact, type Fact } from './facts.js'

export type Environment = Readonly<Record<string, string | undefined>>

const machineFact = fact('machine')
const manifestFact = fact('manifests')
const leastNode = [20, 19] as const

/** What can be said of this machine and of manifests that are to run on it, without a cluster. Rejects with TG_USAGE when a path leads nowhere. */
export async function machineFacts (paths: readonly string[], options: { readonly recursive: boolean }, registry: Registry, environment: Environment): Promise<readonly Fact[]> {
  const contents = contentsOf(await manifestFolder(paths, options))
  const problems = [...contents.problems, ...problemsOf(contents, registry)].filter(isError)
  const deployments = contents.entries.flatMap(entry => entry.role === 'workload' && entry.parsed.ok && entry.parsed.value.kind === 'Deployment' ? [entry.parsed.value] : [])
  return [
    nodeFact(process.versions.node), stateFact(stateFolderOf(paths[0] ?? '.', environment), environment),
    ...(problems.length === 0 ? [manifestFact('ok', `${contents.entries.length} objects, no errors`)] : problems.map(problem => manifestFact('problem', formatProblem(problem)))),
    ...deployments.flatMap(deployment => {
      const plan = podPlan(deployment)
      return 'code' in plan ? [manifestFact('problem', formatProblem(plan))] : [commandFact(deployment.metadata.name, plan.command[0] ?? '', plan.cwd, environment)]
    }),
  ]
}

function nodeFact (version: string): Fact {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const isNew = major > leastNode[0] || (major === leastNode[0] && minor >= leastNode[1])
  return isNew ? machineFact('ok', `Node ${version}`) : machineFact('problem', `Node ${version} is too old`, `install ${leastNode.join('.')} or later`)
}

/** The folder, or the nearest one above it that is there, can be written to. */
function stateFact (folder: string, environment: Environment): Fact {
  let present = resolve(folder)
  while (!existsSync(present) && dirname(present) !== present) present = dirname(present)
  const shown = belowHome(folder, environment)
  return isAllowed(present, constants.W_OK) ? machineFact('ok', `state can be kept in ${shown}`) : machineFact('problem', `nothing can be written to ${shown}`, 'give another folder with --state-dir')
}

function commandFact (deployment: string, command: string, cwd: string, environment: Environment): Fact {
  const places = command.includes('/') ? [isAbsolute(command) ? command : resolve(cwd, command)] : (environment['PATH'] ?? '').split(delimiter).map(folder => join(folder, command))
  const found = places.find(place => isAllowed(place, constants.X_OK) && statSync(place).isFile())
  return found === undefined
    ? manifestFact('problem', `Deployment ${deployment}: there is no program ${command}`, command.includes('/') ? 'build it, or mend the command' : 'install it, or write its path')
    : manifestFact('ok', `Deployment ${deployment} runs ${found}`)
}

function isAllowed (path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false
  }
}
