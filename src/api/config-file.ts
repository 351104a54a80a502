import { names } from '../core/names.js'
import { any, map, object, oneOf, readDocument, type Origin, type Parsed, type ValueOf } from '../spec/index.js'
import { isMapping } from '../spec/read.js'

/** tidegate.yaml, or a document of `kind: Config`. */
export const configField = object({
  apiVersion: oneOf([names.apiVersion], { summary: 'Group and version.', default: names.apiVersion }),
  kind: oneOf(['Config'], { summary: 'The kind.', default: 'Config' }),
  metadata: any({ summary: 'Not read.', optional: true }),
  defaults: map(map(any({ summary: 'Value.' }), { summary: 'Values for fields that an object does not write.' }),
    { summary: 'Broker by broker, values for fields that an object does not write.', default: {} }),
}, { summary: 'Settings beside the manifests.' })

export type TidegateConfig = Pick<ValueOf<typeof configField>, 'defaults'>

/** Whether a document is settings, not an object: by its kind. A file named tidegate.yaml needs none. */
export const isConfig = (raw: unknown): boolean => isMapping(raw) && raw['kind'] === 'Config' && raw['apiVersion'] === names.apiVersion

export function readConfig (raw: unknown, origin: Origin): Parsed<TidegateConfig> {
  const parsed = readDocument(configField, raw ?? {})
  const problems = parsed.problems.map(p => ({ ...p, origin }))
  return parsed.ok ? { ok: true, value: { defaults: parsed.value.defaults }, problems } : { ok: false, problems }
}
