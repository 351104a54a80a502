import { errorMessage, quantityOf } from '../../src/plugin/index.js'
import { metricProblem, prometheusValue } from './prometheus.js'

export const formats = ['json', 'xml', 'yaml', 'prometheus'] as const
export type Format = typeof formats[number]
export interface Place { readonly valueLocation: string, readonly format: Format }

/** Why a place cannot be read, in an answer of this format; undefined when it can. */
export function pathProblem (location: string, format: Format): string | undefined {
  if (format === 'prometheus') return metricProblem(location)
  const steps = stepsOf(location)
  if (steps.some(step => step.name === '')) return 'has an empty name between two dots'
  const odd = steps.find(step => !step.isLiteral && /[*?|@!{}[\]()<>=~]|^#./.test(step.name))
  return odd === undefined ? undefined : `"${odd.name}": only names, indexes and # (how many) between dots are understood; a dot or sign that belongs to a name is written \\. and so on`
}

/** The number at the place: a number, or text that is a quantity (`10Mi`). Else what is wrong, for people. */
export async function valueIn (body: string, { valueLocation, format }: Place): Promise<number | { readonly problem: string }> {
  if (format === 'prometheus') return prometheusValue(body, valueLocation) ?? { problem: `has no metric ${valueLocation}` }
  let found: unknown
  try {
    found = at(await parsed(body, format), valueLocation)
  } catch (error) {
    return { problem: `did not answer with ${format.toUpperCase()}: ${errorMessage(error)}` }
  }
  const value = typeof found === 'string' ? quantityOf(found.trim()) : found
  if (typeof value === 'number' && Number.isFinite(value)) return value
  return { problem: found === undefined ? `has nothing at ${valueLocation}` : `valueLocation must point to a number or a quantity as text, and ${valueLocation} is ${kindOf(found)}` }
}

async function parsed (body: string, format: Exclude<Format, 'prometheus'>): Promise<unknown> {
  switch (format) {
    case 'json': return JSON.parse(body)
    case 'yaml': return (await import('yaml')).parse(body, { maxAliasCount: 100 })
    case 'xml': return (await import('./xml.js')).parseXml(body)
  }
}

interface Step { readonly name: string, readonly isLiteral: boolean }

/** Names between dots; a backslash takes the special meaning from what follows it. */
function stepsOf (location: string): readonly Step[] {
  const parts = location.match(/(?:\\.|[^.\\])+|(?<=^|\.)(?=\.|$)/g) ?? ['']
  return parts.map(part => ({ name: part.replace(/\\(.)/g, '$1'), isLiteral: part.includes('\\') }))
}

function at (value: unknown, location: string): unknown {
  return stepsOf(location).reduce<unknown>((inner, { name, isLiteral }) => {
    if (Array.isArray(inner)) return name === '#' && !isLiteral ? inner.length : /^\d+$/.test(name) ? inner[Number(name)] as unknown : undefined
    return typeof inner === 'object' && inner !== null && Object.hasOwn(inner, name) ? (inner as Readonly<Record<string, unknown>>)[name] : undefined
  }, value)
}

function kindOf (value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'a mapping' : `${typeof value} ${JSON.stringify(value).slice(0, 40)}`
}
