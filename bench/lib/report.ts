import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describeMachine } from './machine.js'
import { cpuPressure } from './proc.js'
import { spread, verdict, type Verdict } from './stats.js'

/** One printed line: a number, what it is, and its goal. Smaller is better. */
export interface Finding {
  readonly what: string
  readonly unit: 'ratio' | '%' | 'MB' | 's' | '/min' | 'writes'
  readonly values: readonly number[]
  /** Absent: told, not judged. */
  readonly goal?: number
  /** What stands beside it: absolute values of both sides, the broker, the machine. */
  readonly beside: Readonly<Record<string, number | string>>
}

export interface CaseResult { readonly name: string, readonly title: string, readonly findings: readonly Finding[], readonly raw: unknown }

const results = join(import.meta.dirname, '..', 'results')

/** Writes `results/NAME.json` and prints the findings. */
export function publish (result: CaseResult): readonly Verdict[] {
  mkdirSync(results, { recursive: true })
  const judged = result.findings.map(finding => ({ ...finding, ...spread(finding.values), verdict: verdictOf(finding) }))
  const file = join(results, `${result.name}.json`)
  const document = { title: result.title, at: new Date().toISOString(), machine: { ...describeMachine(), cpuPressure: cpuPressure() ?? null }, findings: judged, raw: result.raw }
  writeFileSync(file, `${JSON.stringify(document, (_, value: unknown) => typeof value === 'number' ? Math.round(value * 1000) / 1000 : value, 2)}\n`)
  process.stdout.write(`\n${result.title}\n`)
  for (const finding of result.findings) process.stdout.write(`${findingLine(finding)}\n`)
  return judged.flatMap(finding => finding.verdict ?? [])
}

const verdictOf = ({ values, goal }: Finding): Verdict | undefined => goal === undefined ? undefined : verdict(values, goal)

export function findingLine (finding: Finding): string {
  const { what, unit, values, goal, beside } = finding
  const { median, min, max } = spread(values)
  const show = (value: number): string => unit === 'MB' || unit === 'writes' ? value.toFixed(0) : value.toFixed(2)
  const suffix = unit === 'ratio' ? '' : ` ${unit}`
  const range = values.length > 1 ? ` [${show(min)}-${show(max)}, ${values.length} pairs]` : ''
  const judged = goal === undefined ? '' : `; goal ≤ ${goal}${suffix}: ${verdictOf(finding) ?? ''}`
  const others = Object.entries(beside).map(([name, value]) => `${name} ${typeof value === 'number' ? round(value) : value}`).join(', ')
  return `  ${what}: ${show(median)}${suffix}${range}${judged}${others === '' ? '' : `\n    ${others}`}`
}

const round = (value: number): string => value >= 100 ? value.toFixed(0) : value.toPrecision(3)
