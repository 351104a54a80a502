import { expect } from 'vitest'
import { boolean, integer, list, map, number, oneOf, parseConfig, query, spec, string, type Field, type FieldOptions } from '../../src/spec/index.js'
import { testVectors } from './support.js'

type Text = Readonly<Record<string, string>>
interface Param {
  name?: string, names?: string[], type: string, order: ('triggerMetadata' | 'authParams' | 'resolvedEnv')[]
  optional?: boolean, groupOptional?: boolean, default?: string, enum?: string[], exclusiveSet?: string[], separator?: string, range?: string
  deprecated?: string, deprecatedAnnounce?: string
}
interface Given { params: Param[], triggerMetadata?: Text, authParams?: Text, resolvedEnv?: Text }
interface Expect { ok: boolean, values?: Record<string, unknown>, eventMessage?: string, eventMessages?: string[] }

testVectors<Given, Expect>('typed_config', ({ given, expect: wanted }) => {
  const declared = spec(Object.fromEntries(given.params.map(p => [nameOf(p), fieldOf(p)])))
  const parsed = parseConfig(declared, { metadata: given.triggerMetadata ?? {}, auth: given.authParams ?? {}, env: given.resolvedEnv ?? {} },
    { path: [], mode: 'text', unknownKeys: 'warning', about: '"testScaler"' })
  expect(parsed.ok, JSON.stringify(parsed.problems)).toBe(wanted.ok)
  if (!parsed.ok) {
    const names = given.params.map(nameOf)
    expect(parsed.problems.filter(p => p.severity === 'error' && names.includes(String(p.path[0])))).not.toEqual([])
    return
  }
  for (const [name, value] of Object.entries(wanted.values ?? {})) expect(parsed.value[name] ?? '', name).toEqual(value)
  // KEDA announces by events what is a warning with a place here.
  const announced = wanted.eventMessages ?? (wanted.eventMessage === undefined ? [] : [wanted.eventMessage])
  const warnings = parsed.problems.filter(p => p.severity === 'warning')
  expect(warnings).toHaveLength(announced.length)
  for (const [i, message] of announced.entries()) expect(message).toContain(wanted.eventMessages === undefined ? warnings[i]?.hint : warnings[i]?.path[0])
})

const nameOf = (param: Param): string => param.name ?? param.names?.[0] ?? ''

const sourceOf = { triggerMetadata: 'metadata', authParams: 'auth', resolvedEnv: 'env' } as const

function fieldOf (param: Param): Field<unknown> {
  const isOptional = param.optional === true || param.groupOptional === true
  const options: FieldOptions = {
    summary: 'Parameter.', from: param.order.map(source => sourceOf[source]), aliases: param.names?.slice(1) ?? [],
    ...(isOptional && param.default === undefined ? { optional: true } : {}),
    ...(param.deprecatedAnnounce === undefined ? {} : { deprecated: param.deprecatedAnnounce }),
    ...(param.deprecated === undefined ? {} : { removed: param.deprecated }),
  }
  const field = typed(param.type, param, options)
  return param.default === undefined ? field : { ...field, default: field.fromText(param.default) }
}

function typed (type: string, param: Param, options: FieldOptions): Field<unknown> {
  const [, container, inner] = /^(list|map)<(.*)>$/.exec(type) ?? []
  const plain: FieldOptions = { summary: 'Element.' }
  if (container === 'map') return map(typed(inner ?? '', param, plain), options)
  if (container === 'list') {
    const item = typed(inner ?? '', param, plain)
    return list(item, {
      ...options, ...(param.separator === undefined ? {} : { separator: param.separator }), ...(param.range === undefined ? {} : { range: param.range }),
      ...(param.exclusiveSet === undefined ? {} : { exclusive: param.exclusiveSet.map(text => item.fromText(text) as string | number) }),
    })
  }
  if (param.enum !== undefined) return oneOf(param.enum as [string, ...string[]], options)
  switch (type) {
    case 'string': return string(options)
    case 'int': return integer(options)
    case 'bool': return boolean(options)
    case 'float': return number(options)
    case 'urlValues': return query(options)
    default: throw new Error(`a type that is not known here: ${type}`)
  }
}
