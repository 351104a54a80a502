/** Edits (insert, delete, replace, swap of neighbours) from `a` to `b`, case ignored. */
function distance (a: string, b: string): number {
  const s = a.toLowerCase()
  const t = b.toLowerCase()
  let before: number[] = []
  let row = Array.from({ length: t.length + 1 }, (_, j) => j)
  for (let i = 1; i <= s.length; i++) {
    const next = [i]
    for (let j = 1; j <= t.length; j++) {
      const same = s[i - 1] === t[j - 1]
      let best = Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (same ? 0 : 1))
      if (i > 1 && j > 1 && s[i - 1] === t[j - 2] && s[i - 2] === t[j - 1]) best = Math.min(best, (before[j - 2] ?? 0) + 1)
      next.push(best)
    }
    before = row
    row = next
  }
  return row[t.length] ?? 0
}

/** The known name that `name` was most likely meant to be: the one with the fewest edits, else one that has it for a part; undefined when none is near. */
export function nearest (name: string, known: readonly string[]): string | undefined {
  const scored = known
    .map(candidate => ({ candidate, d: distance(name, candidate) }))
    .sort((x, y) => x.d - y.d || (x.candidate < y.candidate ? -1 : 1))
  const best = scored.find(({ d }) => d <= Math.max(1, Math.floor(name.length / 3))) ?? scored.find(({ candidate }) => contains(candidate, name))
  return best?.candidate
}

/** `queue` was meant to be `queueName`, `length` to be `queueLength`. */
function contains (candidate: string, name: string): boolean {
  return name.length >= 4 && candidate.toLowerCase().includes(name.toLowerCase())
}
