import type { Registry } from '../../registry/registry.js'
import { formatProblem, isError, type Problem } from '../../spec/problem.js'
import { contentsOf, manifestFolder } from '../../manifest/index.js'
import { builtins } from '../builtins.js'
import { problemsOf } from '../lint/problems.js'
import type { ExitCode, Output } from '../command.js'

/** Checks manifests offline and writes every problem with its place. Rejects with TG_USAGE when a path leads nowhere. */
export async function lint (paths: readonly string[], options: { readonly recursive: boolean }, output: Output, registry: Registry = builtins): Promise<ExitCode> {
  const folder = await manifestFolder(paths, options)
  const contents = contentsOf(folder)
  const problems = inOrder([...contents.problems, ...problemsOf(contents, registry)])
  for (const problem of problems) output.out(formatProblem(problem))
  const errors = problems.filter(isError).length
  output.out([
    `${count(folder.files.length, 'file')}, ${count(contents.entries.length, 'object')}:`,
    `${count(errors, 'error')}, ${count(problems.length - errors, 'warning')}`,
  ].join(' '))
  return errors > 0 ? 1 : 0
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`

/** By file, line and column, so that a reader goes through each file once. */
function inOrder (problems: readonly Problem[]): readonly Problem[] {
  const placed = problems.map(problem => ({ problem, place: placeOf(problem) }))
  placed.sort((a, b) => a.place.file < b.place.file ? -1 : a.place.file > b.place.file ? 1 : a.place.line - b.place.line || a.place.column - b.place.column)
  return placed.map(p => p.problem)
}

function placeOf ({ origin, path }: Problem): { readonly file: string, readonly line: number, readonly column: number } {
  return origin?.kind === 'file' ? { file: origin.file, ...origin.locate(path) } : { file: '', line: 0, column: 0 }
}
