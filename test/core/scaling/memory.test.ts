import { expect, test } from 'vitest'
import { readMemory, seedMemory, writeMemory } from '../../../src/core/scaling/memory.js'
import { hpaDefaults, kedaDefaults } from '../../../src/core/scaling/rules.js'
import type { ScaleMemory } from '../../../src/core/scaling/types.js'
import { backlog, start, told, VirtualUnit } from './unit.js'

const full: ScaleMemory = {
  version: 1, adoptedAt: 1, adoptedReplicas: 2, lastActiveAt: 2, lastSet: 3, recommendations: [{ at: 4, replicas: 5 }], scaleEvents: [{ at: 6, change: -7 }],
  failures: { queue: { count: 8, lookedAt: 9 } },
}

test('what is written is read again', () => {
  expect(readMemory(writeMemory(full))).toEqual(full)
  const seeded = seedMemory(10, { spec: 3, status: 0, ready: 0 })
  expect(readMemory(writeMemory(seeded))).toEqual(seeded)
})

test('anything else counts as lost', () => {
  const other = writeMemory(full).replace('"version":1', '"version":2')
  const broken = writeMemory(full).replace('[4,5]', '[4,"5"]')
  for (const text of ['', 'null', '{', '[]', '{"version":1}', other, broken]) expect(readMemory(text)).toBeUndefined()
})

test('a decision made from a memory that was written and read is the same', () => {
  const one = new VirtualUnit({ policy: hpaDefaults, replicas: 2 })
  for (let second = 0; second < 90; second++) one.at(second, backlog(300 - second))
  const other = new VirtualUnit({ policy: hpaDefaults, replicas: one.current.spec, memory: readMemory(writeMemory(one.memory)) ?? seedMemory(0, 0) })
  expect(other.at(91, backlog(3))).toEqual(one.at(91, backlog(3)))
})

test('at most 2 KiB, whatever happened; what is made coarser lowers later, never sooner', () => {
  const crowded: ScaleMemory = {
    ...full,
    recommendations: Array.from({ length: 300 }, (_, i) => ({ at: start + i, replicas: 300 - i })),
    scaleEvents: Array.from({ length: 300 }, (_, i) => ({ at: start + i, change: 1 })),
    failures: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`a-trigger-with-quite-a-long-näme-${i}`, { count: i, lookedAt: start }])),
  }
  const text = writeMemory(crowded)
  expect(Buffer.byteLength(text)).toBeLessThanOrEqual(2048)
  const read = readMemory(text)
  expect(read?.scaleEvents.reduce((sum, { change }) => sum + change, 0)).toBe(300)
  expect(Math.max(...read?.recommendations.map(({ replicas }) => replicas) ?? [])).toBe(300)
  expect(read?.failures['a-trigger-with-quite-a-long-näme-99']).toBeDefined()
})

test('an hour of ringing keeps only what can still hold a count', () => {
  const unit = new VirtualUnit({ policy: { ...kedaDefaults, scaleUp: hpaDefaults.scaleUp }, replicas: 1 })
  for (let tick = 0; tick < 4 * 3600; tick++) unit.at(tick / 4, backlog((tick * 7919) % 400))
  expect(unit.memory.recommendations.length).toBeLessThan(80)
  expect(unit.memory.scaleEvents.length).toBeLessThanOrEqual(64)
  expect(Buffer.byteLength(writeMemory(unit.memory))).toBeLessThanOrEqual(2048)
})

test('a lost memory may raise, and lowers nothing for one window', () => {
  const unit = new VirtualUnit({ memory: seedMemory(start, 5), replicas: 5, policy: { minReplicas: 1 } })
  expect(unit.at(1, backlog(10)).replicas).toBe(5)
  expect(told(unit.at(2, backlog(40)))).toEqual([8, 'Backlog'])
  expect(unit.at(299, backlog(10)).replicas).toBe(8)
  expect(told(unit.at(302, backlog(10)))).toEqual([2, 'Backlog'])
})
