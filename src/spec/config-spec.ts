import type { Check, Field, Fields, Source, ValuesOf, Violation } from './field.js'
import { didYouMean, type Path, type Problem } from './problem.js'
import { readField, Report, runChecks, unreadable, type Mode } from './read.js'
import type { Parsed } from './document.js'

/** Who the plugin acts as, from a TriggerAuthentication's `podIdentity`. */
export interface Identity {
  readonly provider: string
  readonly identityId?: string
  readonly identityTenantId?: string
  readonly identityAuthorityHost?: string
}

/** How a plugin declares its configuration. */
export interface ConfigSpec<C> {
  readonly fields: Fields
  readonly checks: readonly Check[]
  /** Pod identities (`azure-workload`) that the plugin can use beside none at all. */
  readonly identities: readonly string[]
  /** Never set: carries the type. */
  readonly type?: C
}
export type ConfigOf<S> = S extends ConfigSpec<infer C> ? C : never

/** `identity` is among the values of every configuration, for checks and for `open`. */
export type WithIdentity<F extends Fields> = ValuesOf<F> & { readonly identity: Identity | undefined }

export function spec<F extends Fields> (
  fields: F,
  options: {
    readonly checks?: readonly ((config: WithIdentity<F>, given: (name: string) => boolean) => readonly Violation[])[]
    readonly identities?: readonly string[]
  } = {},
): ConfigSpec<WithIdentity<F>> {
  return { fields, checks: options.checks ?? [], identities: options.identities ?? [] }
}

/** The values a plugin's configuration is read from. */
export interface Values {
  /** As written: KEDA's `triggers[].metadata`, or the map below a Trigger's `source.<type>`. */
  readonly metadata: Readonly<Record<string, unknown>>
  /** Parameters of the resolved TriggerAuthentication. */
  readonly auth?: Readonly<Record<string, string>>
  /** Environment of the scale target's container, read through `<key>FromEnv`. */
  readonly env?: Readonly<Record<string, string>>
  readonly identity?: Identity | undefined
}

export interface ReadOptions {
  /** Where the metadata stands in its object. */
  readonly path: Path
  /** `text` for KEDA's metadata, `either` for a Trigger's source. */
  readonly mode: Mode
  /** What an unknown key is; KEDA ignores it, so a running keda.sh object only warns. */
  readonly unknownKeys: 'error' | 'warning'
  /** The word for messages: `"azure-queue"`. */
  readonly about: string
}

/** The configuration with every secret at hand, or every problem. */
export function parseConfig<C> (declared: ConfigSpec<C>, values: Values, options: ReadOptions): Parsed<C> {
  return read(declared, values, field => lookUp(field, values), options)
}

/** Names that a TriggerAuthentication provides; undefined when it cannot be known offline. Same for the container's environment. */
export interface Names {
  readonly auth?: readonly string[] | undefined
  readonly env?: readonly string[] | undefined
  readonly identity?: Identity | undefined
}

/**
 * The problems that can be found offline, without secrets: a value that only running can know counts as given and right.
 * What `check` accepts, `parseConfig` may still refuse for a value's own sake.
 */
export function checkConfig (declared: ConfigSpec<unknown>, metadata: Values['metadata'], names: Names, options: ReadOptions): readonly Problem[] {
  return read(declared, { metadata, identity: names.identity }, field => foresee(field, metadata, names), options).problems
}

type Found =
  | { readonly kind: 'value', readonly raw: unknown, readonly path: Path }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'absent' }
  /** A variable is named that is not there. */
  | { readonly kind: 'dangling', readonly path: Path, readonly message: string, readonly hint: string }
interface Asked { readonly name: string, readonly field: Field<unknown> }

function read<C> (declared: ConfigSpec<C>, values: Values, find: (asked: Asked) => Found, options: ReadOptions): Parsed<C> {
  const report = new Report()
  reportUnknownKeys(declared, values.metadata, options, report)
  const config: Record<string, unknown> = { identity: usableIdentity(declared, values.identity, options, report) }
  const given = new Set<string>()
  const dangling = new Map<string, Omit<Problem, 'severity'>>()
  const needed = new Set<string>()
  for (const [name, field] of Object.entries(declared.fields)) {
    const found = find({ name, field })
    if (found.kind === 'value' || found.kind === 'unknown') given.add(name)
    if (found.kind === 'dangling') dangling.set(name, { code: 'TG_CONFIG_MISSING', path: [...options.path, ...found.path], message: found.message, hint: found.hint })
    if (found.kind === 'dangling' && isNeeded(field)) needed.add(name)
    if (found.kind === 'unknown' || needed.has(name)) continue
    config[name] = readFound(field, name, found.kind === 'value' ? found : { kind: 'absent' }, options, report)
  }
  const broken = declared.checks.flatMap(check => ask(check, config, name => given.has(name)))
  for (const [name, problem] of dangling) {
    report.add({ ...problem, severity: needed.has(name) || broken.some(({ field }) => field === name) ? 'error' : 'warning' })
  }
  // That a value is missing is said already by the variable that should have given it.
  runChecks([() => broken.filter(({ field }) => !dangling.has(field))], config, () => true, options.path, report)
  return report.hasErrors
    ? { ok: false, problems: report.problems }
    : { ok: true, value: config as C, problems: report.problems }
}

class Unreadable extends Error {}

/** What a rule says of values that could be read; nothing where it needs one that could not. */
function ask (check: Check, config: Readonly<Record<string, unknown>>, given: (name: string) => boolean): readonly Violation[] {
  const readable = new Proxy(config, {
    get (values, name) {
      const value: unknown = Reflect.get(values, name)
      if (value === unreadable) throw new Unreadable()
      return value
    },
  })
  try {
    return check(readable as never, given)
  } catch (error) {
    if (error instanceof Unreadable) return []
    throw error
  }
}

function readFound (field: Field<unknown>, name: string, found: Found & { kind: 'value' | 'absent' }, options: ReadOptions, report: Report): unknown {
  if (found.kind === 'value') return readField(field, found.raw, [...options.path, ...found.path], report, options.mode)
  const own = new Report()
  const value = readField(field, undefined, [...options.path, name], own, options.mode)
  const from = sources(field).filter(s => s !== 'metadata')
  for (const p of own.problems) {
    const hint = from.length === 0 ? p.hint : whereElse(name, sources(field))
    report.add({ ...p, message: `${options.about} needs ${name}`, ...(hint === undefined ? {} : { hint }) })
  }
  return value
}

function whereElse (name: string, from: readonly Source[]): string {
  const places: Record<Source, string> = {
    metadata: `metadata.${name}`,
    env: `metadata.${name}FromEnv (a variable of the target's container)`,
    auth: `parameter ${name} of the TriggerAuthentication in authenticationRef`,
  }
  return `give it in ${from.map(s => places[s]).join(', or ')}`
}

const sources = (field: Field<unknown>): readonly Source[] => field.options.from ?? ['metadata']
const keysOf = (name: string, field: Field<unknown>): readonly string[] => [name, ...(field.options.aliases ?? [])]
const isEmpty = (raw: unknown): boolean => raw === undefined || raw === null || (typeof raw === 'string' && raw.trim() === '')

/** The first source whose trimmed value is not empty wins; within a source, the first of the field's names. */
function lookUp ({ name, field }: Asked, values: Values): Found {
  for (const source of sources(field)) {
    for (const key of keysOf(name, field)) {
      const [raw, path] = rawFrom(source, key, values)
      if (!isEmpty(raw)) return { kind: 'value', raw, path: [path] }
    }
  }
  return dangling({ name, field }, values.metadata, variable => isEmpty(values.env?.[variable])) ?? { kind: 'absent' }
}

function rawFrom (source: Source, key: string, values: Values): [unknown, string] {
  if (source === 'metadata') return [values.metadata[key], key]
  if (source === 'auth') return [values.auth?.[key], key]
  const variable = values.metadata[`${key}FromEnv`]
  return [typeof variable === 'string' ? values.env?.[variable] : undefined, `${key}FromEnv`]
}

/** Whether a configuration without the field cannot be read. */
const isNeeded = (field: Field<unknown>): boolean => field.options.optional !== true && field.default === undefined

/** A `<key>FromEnv` that names a variable which is not there. */
function dangling ({ name, field }: Asked, metadata: Values['metadata'], isMissing: (variable: string) => boolean): Found | undefined {
  if (!sources(field).includes('env')) return undefined
  const key = keysOf(name, field).map(k => `${k}FromEnv`).find(k => typeof metadata[k] === 'string')
  const variable = key === undefined ? undefined : metadata[key]
  if (key === undefined || typeof variable !== 'string' || !isMissing(variable)) return undefined
  return { kind: 'dangling', path: [key], message: `the target's container has no variable ${variable}, or it is empty`, hint: `add ${variable} to the container's env, or name another variable` }
}

function foresee (asked: Asked, metadata: Values['metadata'], names: Names): Found {
  const { name, field } = asked
  for (const source of sources(field)) {
    for (const key of keysOf(name, field)) {
      if (source === 'metadata' && !isEmpty(metadata[key])) return { kind: 'value', raw: metadata[key], path: [key] }
      if (source === 'auth' && (names.auth === undefined || names.auth.includes(key)) && hasAuth(names)) return { kind: 'unknown' }
      const variable = metadata[`${key}FromEnv`]
      if (source === 'env' && typeof variable === 'string' && (names.env?.includes(variable) ?? true)) return { kind: 'unknown' }
    }
  }
  return dangling(asked, metadata, variable => names.env?.includes(variable) === false) ?? { kind: 'absent' }
}

/** `auth: []` says that there is no authenticationRef; `auth: undefined`, that nothing is known of it. */
const hasAuth = (names: Names): boolean => names.auth === undefined || names.auth.length > 0

function usableIdentity (declared: ConfigSpec<unknown>, identity: Identity | undefined, options: ReadOptions, report: Report): Identity | undefined {
  if (identity === undefined || identity.provider === '' || identity.provider === 'none') return undefined
  if (declared.identities.includes(identity.provider)) return identity
  report.add({
    code: 'TG_CONFIG_INVALID', path: options.path, message: `pod identity ${identity.provider} is not supported by ${options.about}`,
    hint: declared.identities.length === 0 ? 'use secretTargetRef in the TriggerAuthentication' : `supported: ${declared.identities.join(', ')}`,
  })
  return undefined
}

function reportUnknownKeys (declared: ConfigSpec<unknown>, metadata: Values['metadata'], options: ReadOptions, report: Report): void {
  const known = Object.entries(declared.fields).flatMap(([name, field]) => keysOf(name, field)
    .flatMap(key => [...(sources(field).includes('metadata') ? [key] : []), ...(sources(field).includes('env') ? [`${key}FromEnv`] : [])]))
  for (const key of Object.keys(metadata)) {
    if (known.includes(key)) continue
    const onlyAuth = Object.entries(declared.fields).some(([name, field]) => keysOf(name, field).includes(key))
    const hint = onlyAuth ? `give ${key} through a TriggerAuthentication` : didYouMean(key, known)
    report.add({ code: 'TG_CONFIG_UNKNOWN_FIELD', severity: options.unknownKeys, path: [...options.path, key], message: `no such field for ${options.about}`, ...(hint === undefined ? {} : { hint }) })
  }
}
