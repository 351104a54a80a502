import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, test } from 'vitest'
import { matches, type Pattern } from './pattern.js'

/** The folder in the repository; `TIDEGATE_VECTORS` names another one with more cases of the same files. */
export const defaultFolder = import.meta.dirname
export const vectorFolder = process.env['TIDEGATE_VECTORS'] ?? defaultFolder

/** One case. `given` and `expect` are shaped by the file and its kind or stage; its notes tell. */
export interface VectorCase<Given = Record<string, unknown>, Expect = Record<string, unknown>> {
  readonly id: string
  readonly stage?: string
  readonly given: Given
  readonly expect: Expect
}
export interface VectorFile<Case = VectorCase> { readonly cases: readonly Case[] }

/**
 * What does not apply here and why; `not-applicable.json` holds one a line. Every part that is written must hold.
 * `when` is a partial case. With `expectation`, the case is run, and only these expected fields are left out.
 */
export interface Rule {
  readonly file: string
  readonly kind?: string
  readonly stage?: string
  readonly id?: string
  readonly when?: Pattern
  readonly expectation?: readonly string[]
  readonly reason: string
}

export const rules = JSON.parse(readFileSync(join(defaultFolder, 'not-applicable.json'), 'utf8')) as readonly Rule[]

/** Reads `<name>.json`. Another folder need not hold every file; ours and a folder that is not there are errors. */
export function vectorFile<Case = VectorCase> (name: string, folder = vectorFolder): VectorFile<Case> {
  const path = join(folder, `${name}.json`)
  if (folder !== defaultFolder && existsSync(folder) && !existsSync(path)) return { cases: [] }
  return JSON.parse(readFileSync(path, 'utf8')) as VectorFile<Case>
}

/** Names of the vector files in a folder, sorted. */
export const vectorNames = (folder = vectorFolder): readonly string[] =>
  readdirSync(folder).filter(file => file.endsWith('.json') && file !== 'not-applicable.json').map(file => basename(file, '.json')).sort()

/** `kind` of a case: its own, or the name of a file that has none. */
const kindOf = (name: string, one: VectorCase): string => typeof one.given['kind'] === 'string' ? one.given['kind'] : name

export const ruleCovers = (rule: Rule, name: string, one: VectorCase): boolean =>
  rule.file === name && (rule.id === undefined || rule.id === one.id) && (rule.stage === undefined || rule.stage === one.stage) &&
  (rule.kind === undefined || rule.kind === kindOf(name, one)) && (rule.when === undefined || matches(rule.when, one))

/** The cases of a file that apply, without the expectations that a rule takes out. */
export function vectorCases<Given = Record<string, unknown>, Expect = Record<string, unknown>> (
  name: string, folder = vectorFolder,
): readonly VectorCase<Given, Expect>[] {
  const applicable = vectorFile(name, folder).cases.flatMap(one => {
    const covering = rules.filter(rule => ruleCovers(rule, name, one))
    if (covering.some(rule => rule.expectation === undefined)) return []
    const struck = new Set(covering.flatMap(rule => rule.expectation ?? []))
    return [{ ...one, expect: Object.fromEntries(Object.entries(one.expect).filter(([field]) => !struck.has(field))) }]
  })
  return applicable as unknown as readonly VectorCase<Given, Expect>[]
}

/** Registers one test for each applicable case of a file, named by its id. */
export function testVectors<Given = Record<string, unknown>, Expect = Record<string, unknown>> (
  name: string, check: (one: VectorCase<Given, Expect>) => void | Promise<void>,
): void {
  describe(name, () => {
    const cases = vectorCases<Given, Expect>(name)
    if (cases.length === 0) test('has no case here', context => context.annotate(`${vectorFolder} holds no applicable case of ${name}`))
    for (const one of cases) test(one.id, () => check(one))
  })
}
