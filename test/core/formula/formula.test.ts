import { describe, expect, test } from 'vitest'
import { FormulaError, formulaProblem, formulaValue } from '../../../src/core/formula/index.js'

const values = new Map<string, number | null>([['a', 3], ['b', 4.5], ['c', 0], ['queue', 12], ['gone', null]])
const of = (formula: string): number | null => formulaValue(formula, values)

function mistake (work: () => unknown): FormulaError {
  try { work() } catch (error) { if (error instanceof FormulaError) return error }
  throw new Error('no mistake was found')
}

describe('values', () => {
  test.each<[string, number | null]>([
    // operators, tightest first
    ['a + b', 7.5], ['a - b * 2', -6], ['(a - b) * 2', -3], ['a / 2', 1.5], ['7 / 2', 3.5], ['2 ** 3 ** 2', 512], ['2 ^ 3', 8], ['-2 ** 2', -4], ['--a', 3], ['+a', 3],
    ['int(a) % 2', 1], ['-7 % 3', -1], ['1_000 + 0x10 + 0b11 + 0o7', 1026], ['.5 + 1e2 + 1.', 101.5], ['9223372036854775807 + 1', -9223372036854775808],
    // choices and comparisons
    ['a > 2 ? 10 : 20', 10], ['a > 2 && b > 5 ? 1 : 2', 2], ['a > 2 and not (b > 5) ? 1 : 2', 1], ['!(a == 3) || c != 0 ? 1 : 2', 2],
    ['1 < a < 5 ? 1 : 2', 1], ['1 < a <= 2 ? 1 : 2', 2], ['a > 5 ? 1 : b > 4 ? 2 : 3', 2], ['a == 3 ? 1 : 0', 1], ['a >= 3 or 1 / c > 1 ? 1 : 2', 1],
    ['"ab" + "c" == "abc" ? 1 : 2', 1], ['"abc" startsWith "ab" and \'abc\' contains "b" and `abc` endsWith "bc" ? 1 : 2', 1],
    // nil
    ['gone ?? 8', 8], ['gone ?? gone ?? a', 3], ['a ?? 8', 3], ['gone ?? nil', null], ['1 + (gone ?? 2)', 3], ['2 + gone ?? 3', 5], ['gone == nil ? 5 : (gone ?? 1)', 5],
    // lists
    ['len([a, b, c])', 3], ['a in [1, 2, 3] ? 1 : 2', 1], ['a not in [1, 2, 3] ? 1 : 2', 2], ['[a, b][1]', 4.5], ['[a, b][-2]', 3], ['sum([1, 2, 3, 4][1:3])', 5], ['sum([1, 2, 3][:-1])', 3], ['sum([1, 2, 3][1:])', 5],
    ['sum(1..4)', 10], ['len(3..1)', 0], ['"a" in $env ? 1 : 2', 1], ['$env["queue"] + $env.a', 15], ['$env["my-queue"] ?? 7', 7], ['[1, 2,][0]', 1],
    // closures
    ['count([a, b, c], {# > 1}) > 1 ? 5 : 0', 5], ['count([a, b, c], # > 1)', 2], ['count([true, false, true])', 2], ['sum([a, b], # * 2)', 15], ['sum([])', 0],
    ['sum(filter([a, b, c], {# > 3}))', 4.5], ['sum(map([a, b], {# + 1}))', 9.5], ['any([a, c], # == 0) ? 1 : 2', 1], ['all([a, c], # == 0) ? 1 : 2', 2], ['none([a, c], # < 0) ? 1 : 2', 1], ['one([a, c], # == 0) ? 1 : 2', 1],
    ['find([a, b], # > 3)', 4.5], ['findIndex([a, b], # > 3)', 1], ['findLast([a, b], # > 1)', 4.5], ['findLastIndex([a, b], # > 9)', -1], ['find([a], # > 9) ?? 1', 1],
    ['reduce([1, 2, 3], #acc + #)', 6], ['reduce([1, 2, 3], #acc + # * #index, 10)', 18], ['sum(map(1..3, sum(map(1..#, # * #))))', 20],
    ['[a, b] | filter(# > 3) | len()', 1], ['let x = a * 2; let y = x + 1; x * y', 42],
    // functions
    ['max(a, b, 1)', 4.5], ['max([a, [b, 9]], 2)', 9], ['min([a, b])', 3], ['max([]) ?? 1', 1], ['mean([1, 2])', 1.5], ['avg(1, 2, [3, 4])', 2.5], ['mean([])', 0], ['median([5, 1, 3])', 3], ['median([4, 1, 3, 2])', 2.5], ['median([])', 0],
    ['round(2.5) + round(-2.5) + round(0.4)', 0], ['ceil(a + 0.1)', 4], ['floor(-1.5)', -2], ['abs(-3) + abs(-1.5)', 4.5], ['int(3.9) + int(-3.9) + int("12")', 12], ['float("1.5") + float(2)', 3.5], ['"4"', 4],
    ['first([a, b]) + last([a, b])', 7.5], ['first([]) ?? 2', 2], ['sum(take([1, 2, 3], 2))', 3], ['sort([3, 1, 2])[0] + sort([3, 1, 2], "desc")[0]', 4], ['reverse([1, 2])[0]', 2], ['len(concat([1], [2, 3]))', 3], ['len(flatten([[1, [2]], 3]))', 3], ['len(uniq([1, 1.0, 2]))', 2],
    ['type(1) == "int" and type(a) == "float" and type(nil) == "nil" and type([]) == "array" ? 1 : 2', 1],
    // KEDA's casts
    ['float(a)', 3], ['float(a) + b', 7.5], ['float(float(a < 5 ? a + b : 5))', 7.5], ['a /* of the first */ + // and\n b', 7.5], ['1 / c', Infinity],
  ])('%s is %s', (formula, value) => { expect(of(formula)).toBe(value) })
})

describe('mistakes', () => {
  test.each<[string, number, RegExp]>([
    ['a +', 3, /ends too early/], ['a + + * b', 6, /"\*" is not expected/], ['(a', 2, /\) is expected/], ['a b', 2, /"b" is not expected/], ['a $ b', 2, /not expected/], ['a ~ b', 2, /"~" begins nothing/], ['[a', 2, /, is expected/],
    ['a ?? b + 1', 7, /cannot be mixed/], ['# > 1', 0, /only inside/], ['{a: 1}', 0, /maps are not built/], ['a matches "b"', 2, /matches is not built/], ['a ? 1', 5, /: is expected/], ['let = 3; 4', 0, /let needs a name/],
    ['nothing + 1', 0, /nothing is named nothing/], ['foo(a)', 0, /no function foo/], ['constructor(a)', 0, /no function constructor/], ['abs()', 0, /takes 1 argument, not 0/], ['take([a])', 0, /takes 2/], ['count(a, # > 1)', 0, /count cannot be applied to float/], ['filter([a])', 0, /needs an array and a closure/],
    ['filter([a], # + 1)', 0, /true or false, not float/], ['reduce([], # + 1)', 0, /needs an element/], ['sum([a], # > 1, 2)', 0, /fewer arguments/],
    ['a % 2', 2, /% takes whole numbers, not float and int; int\(\) makes one/], ['1 % 0', 2, /% by zero/], ['1..a', 1, /takes whole numbers/], ['a + "x"', 2, /\+ cannot combine float and string/], ['a == "x"', 2, /== cannot combine/], ['a < true', 2, /cannot combine float and bool/],
    ['a + gone', 2, /\+ cannot combine float and nil/], ['a ? 1 : 2', 2, /true or false before it, not float/], ['a and true ? 1 : 2', 2, /and takes true and false, not float/], ['-true', 0, /- cannot be applied to bool/], ['not a', 0, /not cannot be applied to float/],
    ['[a][3]', 3, /no element 3 among 1/], ['a[0]', 1, /float has no element by int/], ['[a][a]', 3, /array has no element by float/], ['[a][a:]', 3, /bounded by whole numbers/], ['a > 1', 0, /the result is bool and no number/], ['[a]', 0, /array and no number/], ['gone', 0, /nil and no number/], ['float(a) > 2 ? 1 : 2', 0, /int and no float/],
    ['int("x")', 0, /whole number of x/], ['99999999999999999999', 0, /too large/], [`${'('.repeat(200)}a`, 100, /nested at most/], [`${'a+'.repeat(3000)}a`, 4096, /at most 4096 signs/],
  ])('%s', (formula, at, what) => {
    const error = mistake(() => of(formula))
    expect(error.what).toMatch(what)
    expect(error.at).toBe(at)
    expect(error.message).toContain(`(at sign ${at + 1})`)
  })

  test('a formula that would never end, or would fill the memory, ends', () => {
    for (const formula of ['sum(1..100000000)', 'sum(map(1..10000, len(1..1000)))', 'len(reduce(1..60, #acc + #acc, "ab"))', 'sum(map(1..5000, sum(1..5000)))']) {
      expect(mistake(() => of(formula)).fault, formula).toBe('steps')
    }
  })
})

describe('what is found before it runs', () => {
  test.each([
    'a + b', 'count([a, b], {# > 1}) > 1 ? 5 : 0', 'a ?? b ?? 8', 'float(a) + b', 'a < 0 ? 1 : [1, 2][int(a)]', 'max(a, 2) > 1 ? int(a) % 2 : b', 'a > 0 ? 1 % int(a + 1) : 2',
  ])('%s is fine', formula => { expect(formulaProblem(formula, ['a', 'b'])).toBeUndefined() })

  test.each<[string, RegExp]>([
    ['a + c', /nothing is named c/],
    ['a > 5 ? a % 2 : 0', /% takes whole/], // never reached with -1, and wrong all the same
    ['a < 0 or b ? 1 : 2', /or takes true/],
    ['a ?? foo(b)', /no function foo/],
    ['1..a', /whole numbers/],
    ['[1][int(a) + 5]', /no element/], // KEDA refuses what fails with -1
    ['a > b', /bool and no number/],
    ['', /too early/],
  ])('%s is not', (formula, what) => { expect(formulaProblem(formula, ['a', 'b'])?.what).toMatch(what) })
})
