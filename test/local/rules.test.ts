import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, readFileSync, statSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { expandVariables } from '../../src/local/expand.js'
import { boundLog, openLog } from '../../src/local/log-file.js'
import { identityOf } from '../../src/local/process-identity.js'
import { kubeletRestarts, nextRestart } from '../../src/local/restart-backoff.js'
import { nextSteps, type Candidate } from '../../src/local/rollout.js'
import { stateFolderOf } from '../../src/local/state-folder.js'
import { freshFolder } from './support.js'

it.each([
  ['$(A)', 'one'], ['x$(A)y$(B)', 'xoney$(A)'], ['$$(A)', '$(A)'], ['$$$(A)', '$one'], ['$(MISSING)', '$(MISSING)'],
  ['$(A', '$(A'], ['$A $', '$A $'], ['$$', '$'], ['$()', '$()'],
])('%s is expanded to %s', (text, expanded) => {
  expect(expandVariables(text, new Map([['A', 'one'], ['B', '$(A)']]))).toBe(expanded)
})

it('restarts come at once, then after 10 s, doubling to 5 min, and anew after 10 min of running', () => {
  const delays = []
  let streak = 0
  for (let i = 0; i < 8; i++) {
    const next = nextRestart(streak, 1000, kubeletRestarts)
    delays.push(next.delayMs / 1000)
    streak = next.streak
  }
  expect(delays).toEqual([0, 10, 20, 40, 80, 160, 300, 300])
  expect(nextRestart(streak, 600_000, kubeletRestarts)).toEqual({ streak: 1, delayMs: 0 })
})

describe('a rollout', () => {
  const candidate = fc.record({ isCurrent: fc.boolean(), isReady: fc.boolean(), isBusy: fc.boolean(), createdAt: fc.nat() })

  const serving = (replicas: readonly Candidate[]): number => replicas.filter(r => r.isReady || r.isBusy).length

  it('never has fewer that serve than wanted by its own doing, and ends at what is wanted', () => {
    fc.assert(fc.property(fc.array(candidate, { maxLength: 8 }), fc.integer({ min: 1, max: 8 }), (start, wanted) => {
      let live: readonly Candidate[] = start
      for (let round = 0; round < 40; round++) {
        const servedBefore = serving(live)
        const { create, end } = nextSteps({ wanted, live, ending: 0, isInPlace: false })
        const left = live.filter(r => !end.includes(r))
        expect(serving(left)).toBeGreaterThanOrEqual(Math.min(servedBefore, wanted))
        expect(left.length + create).toBeLessThanOrEqual(Math.max(left.length, wanted + 1))
        live = [...left.map(r => ({ ...r, isReady: true })), ...Array.from({ length: create }, () => ({ isCurrent: true, isReady: false, isBusy: false, createdAt: round }))]
      }
      expect(live.filter(r => r.isCurrent)).toHaveLength(wanted)
      expect(live).toHaveLength(wanted)
    }))
  })

  it('ends idle ones first, of them those that are not ready, then the youngest', () => {
    const ready = { isCurrent: true, isReady: true, isBusy: false, createdAt: 1 }
    const [old, young, busy, starting] = [ready, { ...ready, createdAt: 2 }, { ...ready, isBusy: true, createdAt: 3 }, { ...ready, isReady: false, createdAt: 0 }]
    expect(nextSteps({ wanted: 1, live: [old, young, busy, starting], ending: 0, isInPlace: false })).toEqual({ create: 0, end: [starting, young, old] })
  })

  it('keeps a busy one whose probe fails before an idle one that is ready', () => {
    const idle = { isCurrent: true, isReady: true, isBusy: false, createdAt: 1 }
    const busy = { isCurrent: true, isReady: false, isBusy: true, createdAt: 2 }
    expect(nextSteps({ wanted: 1, live: [idle, busy], ending: 0, isInPlace: false })).toEqual({ create: 0, end: [idle] })
  })

  it('replaces an old busy one whose probe fails only when the new one serves', () => {
    const old = { isCurrent: false, isReady: false, isBusy: true, createdAt: 1 }
    const young = { isCurrent: true, isReady: false, isBusy: false, createdAt: 2 }
    expect(nextSteps({ wanted: 1, live: [old], ending: 0, isInPlace: false })).toEqual({ create: 1, end: [] })
    expect(nextSteps({ wanted: 1, live: [old, young], ending: 0, isInPlace: false })).toEqual({ create: 0, end: [] })
    expect(nextSteps({ wanted: 1, live: [old, { ...young, isReady: true }], ending: 0, isInPlace: false })).toEqual({ create: 0, end: [old] })
  })

  it('in place waits until the old ones are gone', () => {
    const old = { isCurrent: false, isReady: true, isBusy: false, createdAt: 1 }
    expect(nextSteps({ wanted: 1, live: [old], ending: 0, isInPlace: true })).toEqual({ create: 0, end: [old] })
    expect(nextSteps({ wanted: 1, live: [], ending: 1, isInPlace: true })).toEqual({ create: 0, end: [] })
    expect(nextSteps({ wanted: 1, live: [], ending: 0, isInPlace: true })).toEqual({ create: 1, end: [] })
  })
})

it('a process is told apart from the one that had its number, and from its zombie', async () => {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' })
  onTestFinished(() => { child.kill('SIGKILL') })
  const identity = identityOf(child.pid ?? 0)
  expect(identity).toMatch(process.platform === 'linux' ? /^[\da-f-]{36}:\d+$/ : /^\S+$/)
  expect(identityOf(child.pid ?? 0)).toBe(identity)
  child.kill('SIGKILL')
  // Its exit is not told before the loop turns, so here it is a zombie.
  spawnSync('sleep', ['0.05'])
  expect(identityOf(child.pid ?? 0)).toBeUndefined()
  await once(child, 'exit')
})

it('a log is cut in two when it is full, and its writer goes on', async () => {
  const file = join(freshFolder(), 'x.log')
  const fd = openLog(file)
  writeSync(fd, 'x'.repeat(200))
  await boundLog(file, 100)
  writeSync(fd, 'more')
  closeSync(fd)
  expect(readFileSync(file, 'utf8')).toBe('more')
  expect(statSync(`${file}.1`).size).toBe(200)
})

it('the state folder follows XDG_STATE_HOME and the manifests path', () => {
  expect(stateFolderOf('/m', { XDG_STATE_HOME: '/x', HOME: '/h' })).toMatch(/^\/x\/tidegate\/[\da-f]{16}$/)
  expect(stateFolderOf('/m', { HOME: '/h' })).toMatch(/^\/h\/\.local\/state\/tidegate\/[\da-f]{16}$/)
  expect(stateFolderOf('/m', { HOME: '/h' })).not.toBe(stateFolderOf('/n', { HOME: '/h' }))
})
