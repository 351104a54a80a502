import { object, readDocument, string, type Field, type Origin, type Parsed, type Path, type Problem } from '../../spec/index.js'
import { isMapping } from '../../spec/read.js'
import { prune } from '../../spec/prune.js'
import type { Kind } from '../kind.js'
import { metadataField, type Metadata } from '../metadata.js'
import { configMapBody, deploymentSpec, secretBody, serviceSpec, type DeploymentSpec, type ServiceSpec } from './kinds.js'

interface Read {
  readonly metadata: Metadata
  readonly origin: Origin
  /** Fields that were written and are not read. */
  readonly ignored: readonly Path[]
}
export type Deployment = Kind<'Deployment', DeploymentSpec> & Read
export type Service = Kind<'Service', ServiceSpec> & Read
/** `data` is decoded: base64 undone, `stringData` over it. */
export interface Secret extends Read { readonly apiVersion: 'v1', readonly kind: 'Secret', readonly data: Readonly<Record<string, string>> }
export interface ConfigMap extends Read { readonly apiVersion: 'v1', readonly kind: 'ConfigMap', readonly data: Readonly<Record<string, string>> }
export type Workload = Deployment | Service | Secret | ConfigMap

const workloadKinds = { Deployment: 'apps/v1', Service: 'v1', Secret: 'v1', ConfigMap: 'v1' } as const

/** Whether `readWorkload` reads this kind. */
export const isWorkload = (raw: unknown): boolean =>
  isMapping(raw) && Object.entries(workloadKinds).some(([kind, apiVersion]) => raw['kind'] === kind && raw['apiVersion'] === apiVersion)

/** Reads a Deployment, Service, Secret or ConfigMap. What is not understood is no problem: it is listed in `ignored`. */
export function readWorkload (raw: unknown, origin: Origin): Parsed<Workload> {
  const parsed = read(raw, origin)
  return { ...parsed, problems: parsed.problems.map(p => ({ ...p, origin })) }
}

function read (raw: unknown, origin: Origin): Parsed<Workload> {
  switch (isWorkload(raw) && isMapping(raw) ? raw['kind'] : undefined) {
    case 'Deployment': return readBody({ spec: deploymentSpec }, raw, (common, { spec }) => ({ apiVersion: 'apps/v1', kind: 'Deployment', spec, origin, ...common }))
    case 'Service': return readBody({ spec: serviceSpec }, raw, (common, { spec }) => ({ apiVersion: 'v1', kind: 'Service', spec, origin, ...common }))
    case 'Secret': return readBody(secretBody, raw, (common, { data, stringData }) => ({ apiVersion: 'v1', kind: 'Secret', data: { ...decoded(data), ...stringData }, origin, ...common }), base64Problems('data'))
    case 'ConfigMap': return readBody(configMapBody, raw, (common, { data, binaryData }) => ({ apiVersion: 'v1', kind: 'ConfigMap', data: { ...data, ...decoded(binaryData) }, origin, ...common }), base64Problems('binaryData'))
    default: return { ok: false, problems: [{ code: 'TG_CONFIG_UNKNOWN_KIND', severity: 'error', path: ['kind'], message: 'is not a kind that is read', hint: `known: ${Object.keys(workloadKinds).join(', ')}` }] }
  }
}

type Body = Readonly<Record<string, Field<unknown>>>
type BodyValues<B extends Body> = { readonly [K in keyof B]: B[K] extends Field<infer T> ? T : never }

function readBody<B extends Body, W> (body: B, raw: unknown, make: (common: Pick<Read, 'metadata' | 'ignored'>, values: BodyValues<B>) => W, check: (raw: unknown) => Problem[] = () => []): Parsed<W> {
  const declared = object({ apiVersion: string({ summary: 'Group and version.' }), kind: string({ summary: 'Kind.' }), metadata: metadataField, ...body }, { summary: '' })
  const { kept, ignored } = prune(declared, raw)
  const parsed = readDocument(declared, kept)
  const problems = [...parsed.problems, ...check(raw)]
  if (!parsed.ok || problems.length > 0) return { ok: false, problems }
  const { metadata, ...values } = parsed.value as { readonly metadata: Omit<Metadata, 'namespace'> & { readonly namespace?: string } }
  const common = { metadata: { ...metadata, namespace: metadata.namespace ?? 'default' }, ignored: ignored.filter(path => path[0] !== 'status') }
  return { ok: true, problems, value: make(common, values as BodyValues<B>) }
}

function base64Problems (field: string): (raw: unknown) => Problem[] {
  return raw => Object.entries(isMapping(raw) && isMapping(raw[field]) ? raw[field] : {})
    .filter(([, value]) => typeof value === 'string' && !/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(value))
    .map(([key]) => ({ code: 'TG_CONFIG_INVALID', severity: 'error', path: [field, key], message: 'is not base64', hint: field === 'data' ? 'write plain text in stringData' : 'write plain text in data' }))
}

const decoded = (data: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]))
