import { expect, test } from 'vitest'
import { matches } from './pattern.js'
import { defaultFolder, ruleCovers, rules, vectorCases, vectorFile, vectorNames } from './support.js'

test('every rule covers at least one case of the repository', () => {
  const idle = rules.filter(rule => !vectorNames(defaultFolder).includes(rule.file) ||
    !vectorFile(rule.file, defaultFolder).cases.some(one => ruleCovers(rule, rule.file, one)))
  expect(idle).toEqual([])
})

test('every rule says why and what it is about', () => {
  const vague = rules.filter(rule => rule.reason.length < 20 || (rule.kind ?? rule.stage ?? rule.id ?? rule.when) === undefined)
  expect(vague).toEqual([])
})

test('the summary counts what applies and what does not', context => {
  const lines = vectorNames().filter(name => rules.some(rule => rule.file === name)).map(name => {
    const all = vectorFile(name).cases.length
    const applicable = vectorCases(name).length
    return `${name}: ${applicable} of ${all} cases apply`
  })
  console.info(lines.join('\n'))
  expect(lines.length, context.task.name).toBeGreaterThan(0)
})

test('a pattern fits by what it names', () => {
  const value = { given: { metrics: [{ kind: 'cpu' }, { kind: 'queue' }], gate: false }, expect: { scaleTo: null } }
  expect(matches({ given: { gate: false } }, value)).toBe(true)
  expect(matches({ given: { metrics: [{ kind: 'queue' }] } }, value)).toBe(true)
  expect(matches({ given: { metrics: [{ kind: 'memory' }] } }, value)).toBe(false)
  expect(matches({ expect: { scaleTo: { $type: 'number' } } }, value)).toBe(false)
  expect(matches({ expect: { scaleTo: null } }, value)).toBe(true)
  expect(matches({ given: { gate: { $in: [1, false] } } }, value)).toBe(true)
  expect(matches({ given: { gate: { $in: [1, true] } } }, value)).toBe(false)
  expect(matches({ expect: { other: {} } }, value)).toBe(false)
  expect(matches({ given: { other: { $absent: true } } }, value)).toBe(true)
  expect(matches({ given: { gate: { $absent: true } } }, value)).toBe(false)
})
