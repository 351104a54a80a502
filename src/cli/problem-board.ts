import type { Problem } from '../spec/problem.js'

/** What is wrong now and stands in no object's status: broken files, workloads that cannot be run. */
export class ProblemBoard {
  readonly #problems = new Map<string, readonly Problem[]>()

  /** Replaces what was said about this; nothing: it is well. */
  set (about: string, problems: readonly Problem[]): void {
    if (problems.length === 0) this.#problems.delete(about)
    else this.#problems.set(about, problems)
  }

  /** Errors before warnings, each once. */
  all (): readonly Problem[] {
    const all = [...new Set([...this.#problems.values()].flat())]
    return [...all.filter(p => p.severity === 'error'), ...all.filter(p => p.severity !== 'error')]
  }
}
