import { mayHideAnything, type Stage } from './state.js'

/**
 * Unknown is not zero: while a trigger failed or was not read nothing is lowered, whatever the others say, and while nobody asks for
 * anything the count is held.
 */
export const unknown: Stage = {
  name: 'unknown',
  apply: ({ replicas, current, wishes, silences }) => {
    const hidden = silences.filter(mayHideAnything)
    const holds = wishes.length === 0 ? silences : hidden
    if (holds.length === 0 || replicas > current.spec) return undefined
    return {
      replicas: current.spec,
      reason: holds.some(({ kind }) => kind === 'failed') ? 'SourceFailed' : 'SourceAbsent',
      because: `${holds.map(({ because }) => because).join('; ')}: nothing is lowered`,
    }
  },
}
