import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { afterEach, describe, expect, test } from 'vitest'
import { measurePairs, VoidRound } from '../../bench/lib/pairs.js'
import { cpuUs, rssMb, tree } from '../../bench/lib/proc.js'
import { findingLine } from '../../bench/lib/report.js'
import { median, outliers, verdict } from '../../bench/lib/stats.js'

describe('stats', () => {
  test.each([[[3, 1, 2], 2], [[4, 1, 2, 3], 2.5], [[7], 7]])('median of %j', (values, middle) => expect(median(values)).toBe(middle))
  test('a goal is missed only when most pairs miss it', () => {
    expect(verdict([0.7, 0.7, 0.9, 0.9, 0.9, 0.7, 0.7], 0.75)).toBe('met')
    expect(verdict([0.8, 0.8, 0.8, 0.8, 0.7, 0.7, 0.7], 0.75)).toBe('unsure')
    expect(verdict([0.8, 0.8, 0.8, 0.8, 0.8, 0.7, 0.7], 0.75)).toBe('missed')
  })
  test('what could not be measured is not met', () => expect(verdict([NaN, NaN, NaN], 1)).toBe('missed'))
  test('outliers are told by their place', () => expect(outliers([10, 11, 14, 9, 7], 0.25)).toEqual([2, 4]))
})

describe('pairs', () => {
  const numbered = (name: string, calls: string[]) => async (): Promise<string> => {
    calls.push(name)
    return name
  }

  test('the order alternates and results keep their side', async () => {
    const calls: string[] = []
    const pairs = await measurePairs({ pairs: 3, a: numbered('a', calls), b: numbered('b', calls) })
    expect(calls.join('')).toBe('abbaab')
    expect(pairs.map(({ first, a, b }) => first + a + b)).toEqual(['aab', 'bab', 'aab'])
  })

  test('a void round is done again in the same order', async () => {
    const calls: string[] = []
    const told: string[] = []
    const b = async (round: number): Promise<string> => {
      calls.push('b')
      if (round === 0) throw new VoidRound('lost 3 events')
      return 'b'
    }
    const pairs = await measurePairs({ pairs: 1, a: numbered('a', calls), b, onVoid: why => told.push(why) })
    expect(calls.join('')).toBe('abab')
    expect(pairs).toHaveLength(1)
    expect(told).toEqual(['lost 3 events'])
  })

  test('a machine that voids everything ends the set; another error ends it at once', async () => {
    const never = (error: Error) => (): Promise<string> => Promise.reject(error)
    let voids = 0
    await expect(measurePairs({ pairs: 3, a: never(new VoidRound('noise')), b: numbered('b', []), onVoid: () => voids++ })).rejects.toThrow('noise')
    expect(voids).toBe(3)
    await expect(measurePairs({ pairs: 3, a: never(new Error('broken')), b: numbered('b', []) })).rejects.toThrow('broken')
  })
})

test('a finding is one line with its goal and one with what stands beside it', () => {
  expect(findingLine({ what: 'CPU per event', unit: 'ratio', values: [0.6, 0.58, 0.62], goal: 0.75, beside: { 'tidegate µs': 17.123, note: 'quiet' } }))
    .toBe('  CPU per event: 0.60 [0.58-0.62, 3 pairs]; goal ≤ 0.75: met\n    tidegate µs 17.1, note quiet')
  expect(findingLine({ what: 'memory', unit: 'MB', values: [91.2], goal: 90, beside: {} })).toBe('  memory: 91 MB; goal ≤ 90 MB: missed')
})

describe.runIf(process.platform === 'linux')('processes', () => {
  const running: ChildProcess[] = []
  afterEach(() => running.splice(0).forEach(child => child.kill('SIGKILL')))

  test('a tree holds children of children, and leaves out what is named', async () => {
    const inner = 'require("child_process").spawn("sleep", ["60"]).once("spawn", () => console.log("up"))'
    const child = spawn(process.execPath, ['-e', inner], { stdio: ['ignore', 'pipe', 'inherit'] })
    running.push(child)
    await once(child.stdout, 'data')
    const pid = child.pid ?? 0
    expect(tree(pid)).toHaveLength(2)
    expect(tree(pid, ['sleep'])).toEqual([pid])
    expect(rssMb(pid)).toBeGreaterThan(5)
    expect(cpuUs(pid)).toBeGreaterThan(0)
    for (const sleeper of tree(pid).slice(1)) process.kill(sleeper)
  })

  test('a process that is gone costs nothing', async () => {
    const child = spawn('true')
    await once(child, 'close')
    expect([cpuUs(child.pid ?? 0), rssMb(child.pid ?? 0)]).toEqual([0, 0])
  })
})
