import * as z from 'zod/mini'
import { parseDuration } from '../core/duration.js'
import type { LeafSchema } from './leaf-schema.js'
import { Secret } from './secret.js'
import type { ErrorCode } from '../core/errors.js'
import type { Path } from './problem.js'
import { boolFromText, integerFromText, mapFromText, numberFromText, quantityOf, queryFromText, rangeListFromText, splitList } from './text.js'

/** Where a parameter may come from: the object's own metadata, the resolved TriggerAuthentication, or (`<key>FromEnv`) the target container's environment. */
export type Source = 'metadata' | 'auth' | 'env'

export interface FieldOptions {
  /** One sentence for the reference page; ends with a full stop. */
  readonly summary: string
  /** May be absent and has no default; the value is undefined then. */
  readonly optional?: true
  readonly example?: string
  /** Other names that are read as this one; the first that is present wins. */
  readonly aliases?: readonly string[]
  /** Sources in order of precedence; `['metadata']` unless given. Matters to plugin parameters only. */
  readonly from?: readonly Source[]
  /** Said as a warning where the field is used. */
  readonly deprecated?: string
  /** Read no more and refused where it is written: what to use instead. */
  readonly removed?: string
  /** Where it is not written, that says something which its default does not: nobody else may fill it in. */
  readonly saysByAbsence?: true
  /** Used in production, refused where it is not built yet: what to say. */
  readonly notBuilt?: string
}

/** How a field is written, for the reference page and the JSON Schema. */
export type FieldKind = 'string' | 'secret' | 'integer' | 'number' | 'boolean' | 'duration' | 'quantity' | 'number or name' | 'enum' | 'list' | 'map' | 'object' | 'any'

/** One declared field: everything that parse, check, lint, JSON Schema, CRD and reference need to know about it. */
export interface Field<T> {
  readonly kind: FieldKind
  readonly options: FieldOptions
  readonly default?: unknown
  /** Text → the raw value that `schema` checks. A text that is not understood is given back as it is, and the schema refuses it. */
  readonly fromText: (text: string) => unknown
  /** Checks a leaf; absent for objects, lists and maps, whose parts are checked one by one. Made at the first use: of all that is declared, a run reads little. */
  readonly schema?: () => LeafSchema
  /** Checked raw value → what the program sees (milliseconds, a Secret). */
  readonly convert?: (raw: never) => T
  readonly values?: readonly string[]
  /** Of a number. */
  readonly range?: Range
  /** Of a string. */
  readonly text?: StringRules
  /** `list` and `map`: their elements. */
  readonly item?: Field<unknown>
  readonly minItems?: number
  /** `list`: elements of which at most one may be there. */
  readonly exclusive?: readonly (string | number)[]
  /** `object`: its fields, and whether keys that are not declared are kept. */
  readonly fields?: Fields
  readonly open?: boolean
  /** `object`: rules over several fields. */
  readonly checks?: readonly Check[]
  /** Never set: carries the type. */
  readonly type?: T
}
export type Fields = Readonly<Record<string, Field<unknown>>>
export type ValueOf<F> = F extends Field<infer T> ? T : never
/** The typed value of a set of fields; what may be absent is `| undefined`. */
export type ValuesOf<F extends Fields> = { readonly [K in keyof F]: ValueOf<F[K]> }

/** A rule over several fields: for each violation the field to blame and what is wrong. `given` tells whether a field was written at all. */
export type Check = (value: never, given: (name: string) => boolean) => readonly Violation[]
export interface Violation {
  /** Empty: the whole object. */
  readonly field: string
  /** Where below the field. */
  readonly below?: Path
  readonly message: string
  readonly hint?: string
  /** `TG_CONFIG_CONFLICT` unless given. */
  readonly code?: ErrorCode
}

type May<T, O> = O extends { optional: true } ? T | undefined : T
type Leaf<T> = FieldOptions & { readonly default?: T }

/** Checks that text matches; the message says what the text should look like. */
export interface StringRules { readonly pattern?: RegExp, readonly mustBe?: string, readonly minLength?: number, readonly maxLength?: number }

export function string<O extends Leaf<string> & StringRules> (options: O): Field<May<string, O>> {
  const { pattern, mustBe, minLength, maxLength } = options
  const rules = { ...(pattern === undefined ? {} : { pattern }), ...(mustBe === undefined ? {} : { mustBe }), ...(minLength === undefined ? {} : { minLength }), ...(maxLength === undefined ? {} : { maxLength }) }
  return { ...leaf<May<string, O>>('string', options, () => z.string().check(...textRules(options)), text => text), text: rules }
}

function textRules ({ minLength, maxLength, pattern, mustBe }: StringRules): z.core.$ZodCheck<string>[] {
  return [
    ...(minLength === undefined ? [] : [z.minLength(minLength)]),
    ...(maxLength === undefined ? [] : [z.maxLength(maxLength)]),
    ...(pattern === undefined ? [] : [z.regex(pattern, mustBe ?? `must match ${pattern.source}`)]),
  ]
}

/** Read as a `Secret`, which prints `***`. */
export function secret<O extends FieldOptions> (options: O): Field<May<Secret, O>> {
  return { ...leaf<May<Secret, O>>('secret', options, () => z.string(), text => text), convert: (raw: string) => new Secret(raw) }
}

export interface Range { readonly min?: number, readonly max?: number }

export function integer<O extends Leaf<number> & Range> (options: O): Field<May<number, O>> {
  return { ...leaf<May<number, O>>('integer', options, () => z.int().check(...range(options)), integerFromText), range: boundsOf(options) }
}

export function number<O extends Leaf<number> & Range & { readonly moreThan?: number }> (options: O): Field<May<number, O>> {
  const moreThan = options.moreThan === undefined ? [] : [z.gt(options.moreThan)]
  return { ...leaf<May<number, O>>('number', options, () => z.number().check(...range(options), ...moreThan), numberFromText), range: boundsOf(options) }
}

export function boolean<O extends Leaf<boolean>> (options: O): Field<May<boolean, O>> {
  return leaf('boolean', options, () => z.boolean(), boolFromText)
}

/** Written as a Go duration (`30s`), seen as milliseconds. Defaults and bounds are written as text too. */
export function duration<O extends Leaf<string> & { readonly min?: string, readonly max?: string }> (options: O): Field<May<number, O>> {
  const min = parseDuration(options.min ?? '0') ?? 0
  const max = options.max === undefined ? Infinity : parseDuration(options.max) ?? Infinity
  const schema = (): z.ZodMiniType => z.string().check(
    z.refine(text => parseDuration(text) !== undefined, 'must be a duration such as 500ms, 30s or 5m'),
    z.refine(text => within(parseDuration(text), min, max),
      `must be at least ${options.min ?? '0'}${options.max === undefined ? '' : ` and at most ${options.max}`}`))
  return { ...leaf<May<number, O>>('duration', options, schema, text => text), convert: (raw: string) => parseDuration(raw) as May<number, O> }
}

/** A Kubernetes quantity (`0.05`, `50m`), seen as a number. */
export function quantity<O extends Leaf<number> & Range> (options: O): Field<May<number, O>> {
  const schema = (): z.ZodMiniType => z.union([z.number(), z.string()]).check(
    z.refine(raw => quantityOf(raw) !== undefined, 'must be a number or a quantity such as 0.1 or 100m'),
    z.refine(raw => within(quantityOf(raw), options.min ?? 0, options.max ?? Infinity), `must be at least ${options.min ?? 0}${options.max === undefined ? '' : ` and at most ${options.max}`}`))
  return { ...leaf<May<number, O>>('quantity', options, schema, text => text), convert: (raw: string | number) => quantityOf(raw) as May<number, O> }
}

/** A port: its number or its name. */
export function numberOrName<O extends Leaf<number | string>> (options: O): Field<May<number | string, O>> {
  const schema = (): z.ZodMiniType => z.union([z.int().check(z.gte(1), z.lte(65535)), z.string().check(z.minLength(1))])
  return leaf('number or name', options, schema, integerFromText)
}

export function oneOf<const V extends readonly [string, ...string[]], O extends Leaf<V[number]>> (values: V, options: O): Field<May<V[number], O>> {
  return { ...leaf<May<V[number], O>>('enum', options, () => z.enum(values as unknown as [string, ...string[]]), text => text), values }
}

export interface ListOptions {
  readonly minItems?: number
  readonly separator?: string
  readonly range?: string
  /** Elements that exclude each other: at most one of them may be in the list. */
  readonly exclusive?: readonly (string | number)[]
}

/** In YAML a list; as text, elements between separators (`,`), each trimmed, with ranges (`5-8`) where `range` names their mark. */
export function list<T, O extends FieldOptions & ListOptions & { readonly default?: readonly T[] }> (item: Field<T>, options: O): Field<May<readonly T[], O>> {
  const fromText = (text: string): unknown => options.range !== undefined
    ? rangeListFromText(text, options.range, options.separator)
    : splitList(text, options.separator).map(part => item.fromText(part))
  return { 
    ...branch<May<readonly T[], O>>('list', options, fromText), item: item,
    ...(options.minItems === undefined ? {} : { minItems: options.minItems }), ...(options.exclusive === undefined ? {} : { exclusive: options.exclusive }),
  }
}

/** In YAML a mapping; as text `k=v,k=v`. */
export function map<T, O extends FieldOptions & { readonly default?: Readonly<Record<string, T>> }> (item: Field<T>, options: O): Field<May<Readonly<Record<string, T>>, O>> {
  const fromText = (text: string): unknown => {
    const pairs = mapFromText(text)
    return pairs === undefined ? text : Object.fromEntries(Object.entries(pairs).map(([k, v]) => [k, item.fromText(v)]))
  }
  return { ...branch<May<Readonly<Record<string, T>>, O>>('map', options, fromText), item: item }
}

/** As text a URL query; every key has a list of values. */
export function query<O extends FieldOptions> (options: O): Field<May<Readonly<Record<string, readonly string[]>>, O>> {
  const values = list(string({ summary: 'Value.' }), { summary: 'Values of the key.' })
  return { ...branch<May<Readonly<Record<string, readonly string[]>>, O>>('map', options, queryFromText), item: values }
}

export interface ObjectOptions<F extends Fields> {
  /** Keys that are not declared are kept and not looked at. */
  readonly open?: true
  readonly checks?: readonly ((value: ValuesOf<F>, given: (name: string) => boolean) => readonly Violation[])[]
}

export function object<F extends Fields, O extends FieldOptions & ObjectOptions<F> & { readonly default?: unknown }> (fields: F, options: O): Field<May<ValuesOf<F>, O>> {
  return { ...branch<May<ValuesOf<F>, O>>('object', options, text => text), fields, open: options.open ?? false, checks: options.checks ?? [] }
}

/** Any JSON value, kept as it is. */
export function any<O extends FieldOptions & { readonly default?: unknown }> (options: O): Field<unknown> {
  return branch('any', options, text => text)
}

function leaf<T> (kind: FieldKind, options: Leaf<unknown>, makeSchema: () => LeafSchema, fromText: (text: string) => unknown): Field<T> {
  let made: LeafSchema | undefined
  return { kind, options, schema: () => made ??= makeSchema(), fromText, ...('default' in options ? { default: options.default } : {}) }
}

function branch<T> (kind: FieldKind, options: Leaf<unknown>, fromText: (text: string) => unknown): Field<T> {
  return { kind, options, fromText, ...('default' in options ? { default: options.default } : {}) }
}

function range ({ min, max }: Range): z.core.$ZodCheck<number>[] {
  return [...(min === undefined ? [] : [z.gte(min)]), ...(max === undefined ? [] : [z.lte(max)])]
}

const boundsOf = ({ min, max }: Range): Range => ({ ...(min === undefined ? {} : { min }), ...(max === undefined ? {} : { max }) })

const within = (n: number | undefined, min: number, max: number): boolean => n === undefined || (n >= min && n <= max)
