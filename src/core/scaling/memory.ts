import type { EpochMs } from '../clock.js'
import { fewerEvents, fewerRecommendations, rememberWish } from './remember.js'
import type { CurrentReplicas, ScaleMemory, ScalePolicy } from './types.js'

/**
 * Where the recent past is not known: a full window from the count that is there. It may be raised; nothing is lowered for one window, nor to
 * rest for one cooldown. Of a memory that is too old for more, the last activity, the writes and the failed looks stay.
 */
export function seedMemory (now: EpochMs, current: CurrentReplicas | number, before?: ScaleMemory): ScaleMemory {
  const replicas = typeof current === 'number' ? current : current.spec
  const seed: ScaleMemory = { version: 1, adoptedAt: now, adoptedReplicas: replicas, originalReplicas: replicas, recommendations: [{ at: now, replicas }], scaleEvents: [], failures: {} }
  if (before === undefined) return seed
  const { lastActiveAt, scaleEvents, failures } = before
  return { ...seed, originalReplicas: originalOf(before), ...(lastActiveAt === undefined ? {} : { lastActiveAt }), scaleEvents, failures }
}

/** Gone on with by another process. What happened since its last decision nobody saw: the target is taken to have stayed active, and its last wish to have stood. */
export function resumed (memory: ScaleMemory, now: EpochMs, policy: ScalePolicy): ScaleMemory {
  const newest = memory.recommendations.at(-1)
  const held = newest === undefined || newest.at !== memory.decidedAt ? memory : rememberWish({ memory, now, replicas: newest.replicas, policy })
  return wasActive(memory) ? { ...held, lastActiveAt: now } : held
}

/** Whether the target counted as active at the last decision. */
export const wasActive = ({ lastActiveAt, decidedAt }: ScaleMemory): boolean => lastActiveAt !== undefined && lastActiveAt === decidedAt

/** The count that the target had before anything of ours. */
export const originalOf = ({ originalReplicas, adoptedReplicas }: ScaleMemory): number => originalReplicas ?? adoptedReplicas

/** Taken over once more, from somebody who scaled it meanwhile: like any new one, with what is known of activity; our own writes are over. */
export const takenOver = (memory: ScaleMemory, now: EpochMs, current: CurrentReplicas): ScaleMemory =>
  ({ ...seedMemory(now, current, memory), scaleEvents: [] })

/** After a decision that was not written: what it saw, and not what it wanted to set. */
export function unwritten (after: ScaleMemory, before: ScaleMemory): ScaleMemory {
  const { lastSet: _, ...seen } = after
  return { ...seen, scaleEvents: before.scaleEvents, ...(before.lastSet === undefined ? {} : { lastSet: before.lastSet }) }
}

/** A Kubernetes annotation holds it, beside others. */
const mostBytes = 2048

/** One line of JSON of at most 2 KiB. What is too much is made coarser, in the direction that lowers later. */
export function writeMemory (memory: ScaleMemory): string {
  let written = memory
  let text = textOf(written)
  while (new TextEncoder().encode(text).length > mostBytes) {
    written = coarser(written)
    text = textOf(written)
  }
  return text
}

function textOf ({ version, adoptedAt, adoptedReplicas, originalReplicas, decidedAt, lastActiveAt, lastSet, recommendations, scaleEvents, failures }: ScaleMemory): string {
  return JSON.stringify({
    version,
    adoptedAt,
    adoptedReplicas,
    originalReplicas,
    decidedAt,
    lastActiveAt,
    lastSet,
    recommendations: recommendations.map(({ at, replicas }) => [at, replicas]),
    scaleEvents: scaleEvents.map(({ at, change }) => [at, change]),
    failures: Object.entries(failures).map(([trigger, { count, lookedAt }]) => [trigger, count, lookedAt]),
  })
}

/** Half of the longest of the three lists; of the failures, those that were counted most often stay. */
function coarser (memory: ScaleMemory): ScaleMemory {
  const { recommendations, scaleEvents } = memory
  const failures = Object.entries(memory.failures)
  const longest = Math.max(recommendations.length, scaleEvents.length, failures.length)
  const half = Math.floor(longest / 2)
  if (failures.length === longest) {
    return { ...memory, failures: Object.fromEntries(failures.toSorted(([, a], [, b]) => b.count - a.count).slice(0, half)) }
  }
  return scaleEvents.length === longest
    ? { ...memory, scaleEvents: fewerEvents(scaleEvents, half) }
    : { ...memory, recommendations: fewerRecommendations(recommendations, half) }
}

/** Undefined for anything that `writeMemory` of this version did not write: such a memory counts as lost. Never throws. */
export function readMemory (text: string): ScaleMemory | undefined {
  const raw = parsed(text)
  if (!isRecord(raw) || raw['version'] !== 1 || !isCount(raw['adoptedAt']) || !isCount(raw['adoptedReplicas'])) return undefined
  const { adoptedAt, adoptedReplicas, originalReplicas, decidedAt, lastActiveAt, lastSet } = raw
  const recommendations = pairs(raw['recommendations'])
  const scaleEvents = pairs(raw['scaleEvents'])
  const failures = failuresOf(raw['failures'])
  if (recommendations === undefined || scaleEvents === undefined || failures === undefined) return undefined
  return {
    version: 1,
    adoptedAt,
    adoptedReplicas,
    ...(isCount(originalReplicas) ? { originalReplicas } : {}),
    ...(isCount(decidedAt) ? { decidedAt } : {}),
    ...(isCount(lastActiveAt) ? { lastActiveAt } : {}),
    recommendations: recommendations.map(([at, replicas]) => ({ at, replicas })),
    scaleEvents: scaleEvents.map(([at, change]) => ({ at, change })),
    failures,
    ...(isCount(lastSet) ? { lastSet } : {}),
  }
}

function parsed (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null
const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
const isPair = (value: unknown): value is readonly [number, number] => Array.isArray(value) && value.length === 2 && value.every(isCount)

const pairs = (value: unknown): readonly (readonly [number, number])[] | undefined =>
  Array.isArray(value) && value.every(isPair) ? value : undefined

function failuresOf (value: unknown): ScaleMemory['failures'] | undefined {
  if (!Array.isArray(value) || !value.every(isFailure)) return undefined
  return Object.fromEntries(value.map(([trigger, count, lookedAt]) => [trigger, { count, lookedAt }]))
}

const isFailure = (value: unknown): value is readonly [string, number, number] =>
  Array.isArray(value) && value.length === 3 && typeof value[0] === 'string' && value.slice(1).every(isCount)
