import { any, object, oneOf, readDocument, type Field, type Origin, type Parsed, type Problem } from '../spec/index.js'
import { metadataField, type Metadata } from './metadata.js'

/** One object of a kind, read and complete: defaults filled in, every rule of its own kept. */
export interface Kind<K extends string, S> {
  readonly apiVersion: string
  readonly kind: K
  readonly metadata: Metadata
  readonly spec: S
  readonly origin: Origin
}

/** A kind as data: how its objects are recognised and read; CRDs and schemas are made from it. */
export interface KindDeclaration<K extends string, Written, S> {
  readonly kind: K
  readonly plural: string
  readonly shortNames: readonly string[]
  readonly apiVersions: readonly string[]
  readonly scope: 'Namespaced' | 'Cluster'
  readonly summary: string
  readonly spec: Field<Written>
  /** Paths below `spec` that are read and checked, and refused when they are to act. */
  readonly notRun?: readonly string[]
  /** From what is written to what the program sees: seconds become milliseconds here. */
  readonly toSpec: (written: Written) => S
  /** Problems that lie outside the spec (annotations), and rules that need more than one place. Paths begin at the object. */
  readonly rules?: (object: { readonly metadata: Metadata, readonly apiVersion: string, readonly raw: unknown }) => readonly Problem[]
}

/** Reads one object whose apiVersion and kind are known to be the declaration's. */
export function readKind<K extends string, Written, S> (declared: KindDeclaration<K, Written, S>, raw: unknown, origin: Origin): Parsed<Kind<K, S>> {
  const document = readDocument(documentOf(declared), raw)
  const metadata = readDocument(object({ metadata: metadataField }, { summary: '', open: true }), raw)
  const rules = metadata.ok && declared.rules !== undefined
    ? declared.rules({ metadata: { ...metadata.value.metadata, namespace: '' }, apiVersion: apiVersionOf(raw), raw })
    : []
  const problems = [...document.problems, ...rules].map(p => ({ ...p, origin }))
  if (!document.ok || problems.some(p => p.severity === 'error')) return { ok: false, problems }
  const { apiVersion, metadata: meta, spec } = document.value
  const namespace = declared.scope === 'Cluster' ? '' : meta.namespace ?? 'default'
  return { ok: true, problems, value: { apiVersion, kind: declared.kind, metadata: { ...meta, namespace }, spec: declared.toSpec(spec), origin } }
}

/** The whole document of a kind, closed but for `status`, which others write. */
export function documentOf<K extends string, Written, S> (declared: KindDeclaration<K, Written, S>) {
  return object({
    apiVersion: oneOf(declared.apiVersions as readonly [string, ...string[]], { summary: 'Group and version.' }),
    kind: oneOf([declared.kind], { summary: 'The kind.' }),
    metadata: metadataField,
    spec: declared.spec,
    status: any({ summary: 'Written by the controller; ignored when read.', optional: true }),
  }, { summary: declared.summary })
}

function apiVersionOf (raw: unknown): string {
  const version = typeof raw === 'object' && raw !== null && 'apiVersion' in raw ? raw.apiVersion : undefined
  return typeof version === 'string' ? version : ''
}
