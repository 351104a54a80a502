import type { EpochMs } from '../../core/clock.js'

/**
 * When a source is looked at again. Looks that are answered by one question fall on the same instants, so that it is asked once an interval
 * for all of them: multiples of the interval, shifted by a phase of the question's own, so that different questions do not meet.
 * The first interval may thus be a shorter one.
 */
export function nextLookAt (lookedAt: EpochMs, intervalMs: number, question: string | undefined): EpochMs {
  if (question === undefined) return lookedAt + intervalMs
  const since = (lookedAt - phaseOf(question) % intervalMs) % intervalMs
  return lookedAt + intervalMs - since
}

/** FNV-1a: the same in every process, so that a hand-over moves no look. */
function phaseOf (text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return hash >>> 0
}
