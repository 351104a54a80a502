import { describe, expect, test } from 'vitest'
import { column, displayWidth, fit, oneLine, packFacts } from '../../src/ui/text.js'
import { count, interval, perSecond, took, wait } from '../../src/ui/words.js'
import { terminalAbilities } from '../../src/ui/terminal.js'

test.each([[0, '0'], [999, '999'], [1234567, '1,234,567'], [2.46, '2.5'], [1000.04, '1,000']])('count %d', (n, text) => expect(count(n)).toBe(text))
test.each([[0.24, '0.2'], [9.96, '10'], [12.4, '12'], [1250.4, '1,250']])('rate %d', (n, text) => expect(perSecond(n)).toBe(text))
test.each([[0, '0 s'], [1, '1 s'], [12_000, '12 s'], [245_000, '4 min 5 s'], [240_000, '4 min'], [12_000_000, '3 h 20 min'], [187_200_000, '2 d 4 h']])(
  'wait %d', (ms, text) => expect(wait(ms)).toBe(text))
test.each([[0.4, '0 ms'], [131, '131 ms'], [2440, '2.4 s'], [80_000, '80 s']])('took %d', (ms, text) => expect(took(ms)).toBe(text))
test.each([[30_000, '30'], [500, '500 ms']])('interval %d', (ms, text) => expect(interval(ms)).toBe(text))

describe('text', () => {
  test('wide characters count two columns', () => {
    expect(displayWidth('日本')).toBe(4)
    expect(fit('日本語', 5)).toBe('日本…')
    expect(column('日', 4)).toBe('日  ')
  })
  test('fit keeps what fits and never exceeds', () => {
    expect(fit('abcdef', 6)).toBe('abcdef')
    expect(fit('abcdef', 5)).toBe('abcd…')
    expect(fit('abcdef', 1)).toBe('…')
    expect(fit('abcdef', 0)).toBe('')
  })
  test('escape sequences and control characters go', () => expect(oneLine('\x1b[31mred\x1b[0m\tand\nmore\u202e')).toBe('red and more'))
  test('facts share lines and break between words', () => {
    expect(packFacts(['one', 'two', 'three four five'], 10)).toEqual(['one; two', 'three four', 'five'])
    expect(packFacts([], 10)).toEqual([])
  })
})

describe('terminal', () => {
  const tty = { isTTY: true }
  test.each([
    [tty, {}, true, true],
    [tty, { NO_COLOR: '1' }, true, false],
    [tty, { NO_COLOR: '' }, true, true],
    [tty, { TERM: 'dumb' }, false, false],
    [tty, { CI: 'true' }, false, true],
    [{}, {}, false, false],
    [{}, { FORCE_COLOR: '1' }, false, true],
    [{}, { FORCE_COLOR: '1', NO_COLOR: '1' }, false, false],
  ])('%j %j', (out, env, live, colors) => expect(terminalAbilities(out, env)).toEqual({ live, colors }))
})
