import { names } from '../../core/names.js'
import { isMapping } from '../../spec/read.js'
import type { ObjectStatus } from '../../runtime/ports.js'
import { scaledObjectStatus } from './scaled-object-status.js'
import type { CustomResource, WireCondition, WireResourceStatus } from './custom-resource.js'

/** What we write into a status. KEDA's kinds have no place for times and generations: their schema would drop them. */
export interface WireStatusBody extends WireResourceStatus {
  readonly scaleTargetKind?: string
  readonly scaleTargetGVKR?: { readonly group: string, readonly version: string, readonly kind: string, readonly resource: string }
  readonly triggersTypes?: string
  readonly authenticationsTypes?: string
}

/** The status of one object as it should stand in the cluster. */
export function statusOf (status: ObjectStatus, resource: CustomResource, before: WireResourceStatus, now: number): WireStatusBody {
  const isOurs = resource.ref.apiVersion === names.apiVersion
  const told = status.conditions.filter(c => c.reason !== 'Starting' || !isSaid(c.type, before)).map(({ type, status: state, reason, message }): WireCondition => {
    const condition = { type, status: state, reason, message: message.slice(0, 4096) }
    return isOurs ? { ...condition, lastTransitionTime: transitionTime(condition, before, now), observedGeneration: resource.generation } : condition
  })
  const types = new Set(told.map(c => c.type))
  return {
    conditions: [...told, ...(before.conditions ?? []).filter(c => !types.has(c.type))],
    ...(isOurs ? { observedGeneration: resource.generation } : {}),
    ...(resource.ref.kind === 'Trigger' ? triggerFields(status, resource, before) : {}),
    ...(resource.ref.kind === 'ScaledObject' ? { ...triggerColumns(resource), ...(status.scaling === undefined ? asBefore(before) : scaledObjectStatus(status.scaling, resource, before)) } : {}),
    ...(resource.ref.kind === 'ScaledJob' ? scaledJobFields(status, resource) : {}),
  }
}

/** Before the first look, and where there is no target to look at, what was said of it stands. */
function asBefore ({ conditions: _, observedGeneration: __, ...said }: WireResourceStatus): WireResourceStatus { return said }

/** Whoever takes over, or starts again, says nothing before the first look where it was said what is the matter. */
const isSaid = (type: string, before: WireResourceStatus): boolean => before.conditions?.some(c => c.type === type) === true

/** When the condition turned; its words may change without that. */
function transitionTime ({ type, status }: WireCondition, before: WireResourceStatus, now: number): string {
  const was = before.conditions?.find(c => c.type === type)
  return was?.status === status && was.lastTransitionTime !== undefined ? was.lastTransitionTime : wireTime(now)
}

function triggerColumns ({ wanted }: CustomResource): Pick<WireStatusBody, 'triggersTypes' | 'authenticationsTypes'> {
  const triggers = isMapping(wanted.spec) && Array.isArray(wanted.spec['triggers']) ? wanted.spec['triggers'].filter(isMapping) : []
  const texts = (values: readonly unknown[]): string => [...new Set(values.filter(value => typeof value === 'string'))].join(',')
  return {
    triggersTypes: texts(triggers.map(trigger => trigger['type'])),
    authenticationsTypes: texts(triggers.map(trigger => isMapping(trigger['authenticationRef']) ? trigger['authenticationRef']['name'] : undefined)),
  }
}

/** `lastActiveTime` goes along with whatever else is written: an idle look writes nothing. */
function scaledJobFields ({ jobs }: ObjectStatus, resource: CustomResource): Partial<WireStatusBody> {
  return { ...triggerColumns(resource), ...(jobs?.lastActiveAt === undefined ? {} : { lastActiveTime: wireTime(jobs.lastActiveAt) }) }
}

const wireTime = (at: number): string => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z')

function triggerFields ({ delivery }: ObjectStatus, { wanted }: CustomResource, before: WireResourceStatus): Partial<WireStatusBody> {
  const fn = isMapping(wanted.spec) && isMapping(wanted.spec['function']) ? wanted.spec['function'] : {}
  const named = [fn['namespace'], fn['name'] ?? fn['url']].filter(part => typeof part === 'string').join('/')
  const source = delivery?.source ?? before.source
  return { function: named, ...(source === undefined ? {} : { source }), ...failuresOf(delivery, before) }
}

/** Counted since the process that works on it began; what an earlier one counted stands until there is something new. */
function failuresOf (delivery: ObjectStatus['delivery'], before: WireResourceStatus): Partial<WireStatusBody> {
  const last = delivery?.lastFailure
  const deadLettered = moreThanNone(delivery?.deadLettered) ?? before.deadLettered
  const held = moreThanNone(delivery?.held) ?? before.held
  const lastFailure = last === undefined ? before.lastFailure : { time: wireTime(last.at), eventId: last.eventId, message: last.because.slice(0, 1024) }
  return { ...(deadLettered === undefined ? {} : { deadLettered }), ...(held === undefined ? {} : { held }), ...(lastFailure === undefined ? {} : { lastFailure }) }
}

const moreThanNone = (count: number | undefined): number | undefined => count === 0 ? undefined : count

/** Whether anything differs. Fields that are written without being read back count by what we wrote. */
export function isOther (wanted: WireStatusBody, written: WireStatusBody | undefined): boolean {
  return isNews(wanted, written) || words(wanted) !== words(written)
}

/** Whether a condition turned or has another reason, a pause has other words, or a new generation was taken in. */
export const isNews = (wanted: WireStatusBody, written: WireStatusBody | undefined): boolean => turns(wanted) !== turns(written)

const turns = (status: WireStatusBody | undefined): string => JSON.stringify([
  sorted(status).map(({ type, status: state, reason, message }) => [type, state, reason, ...(type === 'Paused' ? [message] : [])]), status?.observedGeneration, status?.originalReplicaCount, status?.source, status?.function, status?.pausedReplicaCount ?? null,
])
const words = (status: WireStatusBody | undefined): string => JSON.stringify([
  sorted(status).map(({ type, message }) => [type, message]), status?.lastActiveTime, status?.deadLettered, status?.held, status?.lastFailure?.time, status?.externalMetricNames ?? [], entries(status?.health), entries(status?.triggersActivity),
])
const entries = (map: Readonly<Record<string, unknown>> = {}): readonly unknown[] => Object.entries(map).filter(([, value]) => value !== null).sort(([a], [b]) => a < b ? -1 : 1)
const sorted = (status: WireStatusBody | undefined): readonly WireCondition[] => [...status?.conditions ?? []].sort((a, b) => a.type < b.type ? -1 : 1)
