import { TidegateError } from '../errors.js'
import { filterViolations, type FilterSpec } from './filter-spec.js'
import type { Envelope } from './types.js'

export type Verdict = { readonly pass: true } | { readonly pass: false, readonly because: string }

type TextDialect = 'exact' | 'prefix' | 'suffix'

/** A compiled condition. `refuse` says why an event fails it; undefined: it passes. */
interface Condition { refuse(event: Envelope): string | undefined, readonly text: string }

const passed: Verdict = { pass: true }

/**
 * Compiles a filter list (all must hold; an empty list lets everything pass) to a function that is asked once an event.
 * Attributes are those of CloudEvents, extensions included; an attribute that is absent matches nothing, and `prefix: ''` asks that it is there.
 * Throws TG_CONFIG_INVALID when `filterViolations` would find something: a filter that is not understood never lets events pass.
 */
export function compileFilter (declared: readonly FilterSpec[]): (event: Envelope) => Verdict {
  const [wrong] = filterViolations(declared)
  if (wrong !== undefined) throw new TidegateError('TG_CONFIG_INVALID', `filter ${wrong.path.join('.')}: ${wrong.message}`)
  const condition = allOf(declared.map(compile))
  return event => {
    const because = condition.refuse(event)
    return because === undefined ? passed : { pass: false, because }
  }
}

function compile (filter: FilterSpec): Condition {
  if (filter.all !== undefined) return allOf(filter.all.map(compile))
  if (filter.any !== undefined) return anyOf(filter.any.map(compile))
  if (filter.not !== undefined) return noneOf(compile(filter.not))
  return allOf((['exact', 'prefix', 'suffix'] as const).flatMap(dialect =>
    Object.entries(filter[dialect] ?? {}).map(([name, wanted]) => textCondition(dialect, name, wanted))))
}

const wording: Readonly<Record<TextDialect, (wanted: string) => string>> = {
  exact: wanted => `'${wanted}'`,
  prefix: wanted => wanted === '' ? 'any value' : `one that begins with '${wanted}'`,
  suffix: wanted => wanted === '' ? 'any value' : `one that ends with '${wanted}'`,
}

const matches: Readonly<Record<TextDialect, (value: string, wanted: string) => boolean>> = {
  exact: (value, wanted) => value === wanted,
  prefix: (value, wanted) => value.startsWith(wanted),
  suffix: (value, wanted) => value.endsWith(wanted),
}

function textCondition (dialect: TextDialect, name: string, wanted: string): Condition {
  const holds = matches[dialect]
  const wish = wording[dialect](wanted)
  return {
    text: `${name} is ${wish}`,
    refuse: event => {
      const value = attribute(event, name)
      if (value === undefined) return `${name} is absent, wanted ${wish}`
      return holds(value, wanted) ? undefined : `${name} is '${value}', wanted ${wish}`
    },
  }
}

function allOf (conditions: readonly Condition[]): Condition {
  return {
    text: conditions.map(c => c.text).join(' and '),
    refuse: event => {
      for (const condition of conditions) {
        const because = condition.refuse(event)
        if (because !== undefined) return because
      }
      return undefined
    },
  }
}

function anyOf (conditions: readonly Condition[]): Condition {
  return {
    text: `(${conditions.map(c => c.text).join(' or ')})`,
    refuse: event => {
      const refusals: string[] = []
      for (const condition of conditions) {
        const because = condition.refuse(event)
        if (because === undefined) return undefined
        refusals.push(because)
      }
      return refusals.join('; and ')
    },
  }
}

const noneOf = (condition: Condition): Condition => ({
  text: `not ${condition.text}`,
  refuse: event => condition.refuse(event) === undefined ? `refused by 'not': ${condition.text}` : undefined,
})

function attribute (event: Envelope, name: string): string | undefined {
  switch (name) {
    case 'id': return event.id
    case 'source': return event.source
    case 'type': return event.type
    case 'subject': return event.subject
    case 'time': return event.time
    case 'datacontenttype': return event.contentType
    case 'specversion': return '1.0'
    default: return Object.hasOwn(event.extensions, name) ? event.extensions[name] : undefined
  }
}
