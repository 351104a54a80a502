import { names } from '../core/names.js'
import { didYouMean, type Origin, type Parsed, type Problem } from '../spec/index.js'
import { isMapping } from '../spec/read.js'
import { readKind } from './kind.js'
import { scaledJobKind, type ScaledJob } from './scaled-job.js'
import { scaledObjectKind, type ScaledObject } from './scaled-object.js'
import { clusterTriggerAuthenticationKind, identitiesNotBuilt, triggerAuthenticationKind, vaultFields, type ClusterTriggerAuthentication, type TriggerAuthentication } from './trigger-authentication.js'
import { deadLetterOf, sourceOf, triggerKind, type Trigger } from './trigger.js'

export type Resource = ScaledObject | ScaledJob | TriggerAuthentication | ClusterTriggerAuthentication | Trigger

/** Every kind that Tidegate acts on; CRDs, schemas and the reference are made from this list. */
export const kinds = [scaledObjectKind, scaledJobKind, triggerAuthenticationKind, clusterTriggerAuthenticationKind, triggerKind] as const

const readers: Readonly<Record<Resource['kind'], (raw: unknown, origin: Origin) => Parsed<Resource>>> = {
  ScaledObject: (raw, origin) => readKind(scaledObjectKind, raw, origin),
  ScaledJob: (raw, origin) => readKind(scaledJobKind, raw, origin),
  TriggerAuthentication: (raw, origin) => readKind(triggerAuthenticationKind, raw, origin),
  ClusterTriggerAuthentication: (raw, origin) => readKind(clusterTriggerAuthenticationKind, raw, origin),
  Trigger: (raw, origin) => readKind(triggerKind, raw, origin),
}

/** Whether a document is of a group of ours, and so must be one of the kinds. */
export const isResource = (raw: unknown): boolean =>
  isMapping(raw) && typeof raw['apiVersion'] === 'string' && [names.group, names.kedaGroup].some(group => String(raw['apiVersion']).startsWith(`${group}/`))

/** Reads one document of our kinds: the object complete with defaults, or every problem, each with its place. */
export function readResource (raw: unknown, origin: Origin): Parsed<Resource> {
  if (!isMapping(raw)) return unknownKind([], 'must be a mapping with apiVersion, kind, metadata and spec', origin)
  const { apiVersion, kind } = raw
  const declared = kinds.find(k => k.kind === kind)
  if (declared === undefined) return unknownKind(['kind'], `${quote(kind)} is not a kind of ${quote(apiVersion)}`, origin, hintFor(kind, kinds.map(k => k.kind)))
  if (!declared.apiVersions.some(v => v === apiVersion)) {
    return unknownKind(['apiVersion'], `${quote(apiVersion)} has no ${declared.kind}`, origin, `write ${declared.apiVersions.join(' or ')}`)
  }
  return readers[declared.kind](raw, origin)
}

/** Why an object that is well written cannot be run by this version; empty when it can. */
export function notRunnable (resource: Resource): readonly Problem[] {
  const refuse = (path: Problem['path'], message: string, hint: string): Problem =>
    ({ code: 'TG_CONFIG_NOT_BUILT', severity: 'error', path, message, hint, origin: resource.origin })
  switch (resource.kind) {
    case 'ScaledJob':
    case 'ScaledObject': return []
    case 'TriggerAuthentication':
    case 'ClusterTriggerAuthentication': return [
      ...vaultFields.filter(field => resource.spec[field] !== undefined).map(field => refuse(['spec', field], 'is not built yet', 'use secretTargetRef, configMapTargetRef or env')),
      ...(identitiesNotBuilt.includes(resource.spec.podIdentity?.provider ?? '') ? [refuse(['spec', 'podIdentity', 'provider'], `pod identity ${resource.spec.podIdentity?.provider ?? ''} is not built yet`, 'use secretTargetRef; azure-workload is there')] : []),
    ]
    case 'Trigger': return deadLetterElsewhere(resource)
      ? [refuse(['spec', 'deadLetter', 'to'], 'a destination of another kind than the source is not built yet', `use ${sourceOf(resource).key}, or leave deadLetter out`)] : []
  }
}

const deadLetterElsewhere = (trigger: Trigger): boolean => ![undefined, sourceOf(trigger).key].includes(deadLetterOf(trigger)?.key)

const quote = (value: unknown): string => typeof value === 'string' ? `"${value}"` : value === undefined ? 'nothing' : JSON.stringify(value)

function hintFor (kind: unknown, known: readonly string[]): string | undefined {
  return typeof kind === 'string' ? didYouMean(kind, known) : `known: ${known.join(', ')}`
}

function unknownKind (path: Problem['path'], message: string, origin: Origin, hint?: string): Parsed<never> {
  return { ok: false, problems: [{ code: 'TG_CONFIG_UNKNOWN_KIND', severity: 'error', path, message, origin, ...(hint === undefined ? {} : { hint }) }] }
}
