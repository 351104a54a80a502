import { expect, test } from 'vitest'
import { compared } from '../../../src/core/scaling/comparison.js'

test('what it did and what we would: changes, replica-seconds, and the time in which they differed', () => {
  const begin = compared(undefined, 0, 0, 0)
  const woken = compared(begin, 10_000, 0, 4)
  const followed = compared(woken, 40_000, 1, 4)
  const even = compared(followed, 60_000, 4, 4)
  expect(even).toEqual({
    since: 0, at: 60_000, it: 4, we: 4, itReplicaSeconds: 20, weReplicaSeconds: 200, differedMs: 50_000,
    changes: [{ at: 10_000, by: 'we', from: 0, to: 4, other: 0 }, { at: 40_000, by: 'it', from: 0, to: 1, other: 4 }, { at: 60_000, by: 'it', from: 1, to: 4, other: 4 }],
  })
})

test('only the latest changes are kept', () => {
  let seen = compared(undefined, 0, 0, 0)
  for (let i = 1; i <= 50; i++) seen = compared(seen, i * 1000, i, 0)
  expect([seen.changes.length, seen.changes[0]?.to, seen.changes.at(-1)?.to]).toEqual([20, 31, 50])
})
