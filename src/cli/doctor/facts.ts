import type { Output } from '../command.js'

/** ok: as it should be. note: good to know. warning: something may not work. problem: something does not. */
export type State = 'ok' | 'note' | 'warning' | 'problem'

/** One thing that was found out. */
export interface Fact {
  /** What it is about: cluster, kinds, rights, KEDA, objects, sources, machine, manifests. */
  readonly area: string
  readonly state: State
  readonly message: string
  /** What to do now, where there is something to do. */
  readonly next?: string
}

export const fact = (area: string) => (state: State, message: string, next?: string): Fact => ({ area, state, message, ...(next === undefined ? {} : { next }) })

/** One line a fact, then one that counts them. */
export function writeFacts (facts: readonly Fact[], format: 'text' | 'json', output: Output): void {
  if (format === 'json') return output.out(JSON.stringify({ facts }, undefined, 2))
  for (const { state, area, message, next } of facts) output.out(`${state.padEnd(8)}${area.padEnd(11)}${message}${next === undefined ? '' : `; next: ${next}`}`)
  const problems = facts.filter(f => f.state === 'problem').length
  const warnings = facts.filter(f => f.state === 'warning').length
  output.out(problems + warnings === 0 ? 'nothing is wrong' : `${problems} ${problems === 1 ? 'problem' : 'problems'}, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`)
}
