import type { FilterSpec } from '../core/delivery/filter-spec.js'
import { names } from '../core/names.js'
import { any, boolean, duration, integer, map, number, object, oneOf, type Problem, type ValuesOf, type Violation } from '../spec/index.js'
import { scalingAnnotationProblems } from './annotations.js'
import type { Kind, KindDeclaration } from './kind.js'
import { authenticationRefField } from './scale-trigger.js'
import { circuitBreakerField, concurrencyField, deadLetterField, deliveryField, filterField, filterRules } from './trigger-delivery.js'
import { functionField } from './trigger-function.js'

const later = (summary: string, notBuilt: string) => any({ summary, optional: true, notBuilt })

const scaleField = object({
  mode: oneOf(['Managed', 'External', 'Off'], { summary: 'Managed: this Trigger scales its function, unless that is a Knative Service. External: others scale it, and an event for a function at zero waits for them. Off: nobody scales it.', default: 'Managed' }),
  min: integer({ summary: 'Fewest replicas.', default: 0, min: 0 }),
  max: integer({ summary: 'Most replicas.', default: 10, min: 1 }),
  target: number({ summary: 'Events that one replica is meant to hold; concurrency.perReplica unless given.', optional: true, moreThan: 0 }),
  activation: number({ summary: 'Active above this many events.', default: 0, min: 0 }),
  cooldown: duration({ summary: 'From the last event to zero.', default: '300s' }),
  pollingInterval: duration({ summary: 'Pause between two looks at the backlog.', default: '5s', min: '100ms' }),
  keepWhileInFlight: boolean({ summary: 'Whether replicas with events in flight are kept.', optional: true, notBuilt: 'remove it: they are kept' }),
}, { summary: 'How the function is scaled by its events.', default: {}, checks: [scaleBounds] })

const fields = {
  suspend: boolean({ summary: 'Receives nothing while true; nothing is lost.', default: false }),
  source: map(any({ summary: 'Fields of the source.' }), { summary: 'Where events come from: exactly one connector; see `connectors`.' }),
  authenticationRef: authenticationRefField,
  function: functionField,
  filter: filterField,
  concurrency: concurrencyField,
  delivery: deliveryField,
  deadLetter: deadLetterField,
  circuitBreaker: circuitBreakerField,
  scale: scaleField,
  drain: object({ timeout: duration({ summary: 'Longest wait for answers when stopping.', default: '30s' }) }, { summary: 'What happens on the way down.', default: {} }),
  transform: later('Changes the event on its way.', 'change it in the function'),
  batch: later('Several events in one call.', 'remove it'),
  ordering: later('Order of delivery.', 'remove it: see the guarantee of the source'),
  rateLimit: later('Most calls in a time.', 'limit concurrency instead'),
  reply: later('Where answers go.', 'send it from the function'),
  callback: later('Who is told of the end.', 'send it from the function'),
  dedup: later('Leaves out events that were delivered.', 'use the event id in the function'),
  history: later('What is kept of past deliveries.', 'remove it'),
}
type Written = ValuesOf<typeof fields>

const specField = object(fields, {
  summary: 'An event source, a function, and how events get from one to the other.', checks: [oneSource, oneDestination, filterRules],
})

/** Durations are milliseconds. `source` has exactly one key, whose value only its connector can read; so has `deadLetter.to`. */
export type TriggerSpec = Omit<Written, 'filter'> & { readonly filter: readonly FilterSpec[] }
export type Trigger = Kind<'Trigger', TriggerSpec>

export const triggerKind: KindDeclaration<'Trigger', Written, TriggerSpec> = {
  kind: 'Trigger', plural: 'triggers', shortNames: ['tgr'], apiVersions: [names.apiVersion], scope: 'Namespaced',
  summary: 'Delivers the events of a source to a function, and scales the function with them.',
  spec: specField,
  toSpec: ({ filter, ...rest }) => ({ ...rest, filter: filter as readonly FilterSpec[] }),
  rules: ({ metadata, raw }) => [...scalingAnnotationProblems(metadata.annotations), ...misplacedAuthentication(raw)],
}

/** Whether the Trigger scales what stands behind its function. Knative scales its Services by itself. */
export const isManaged = ({ spec }: Trigger): boolean => spec.scale.mode === 'Managed' && spec.function.kind !== 'KnativeService'

/** The one key of `source` or `deadLetter.to`, a connector's `sourceKey`, and what is written below it. */
export interface Keyed { readonly key: string, readonly values: Readonly<Record<string, unknown>> }

export const sourceOf = ({ spec }: Trigger): Keyed => only(spec.source)

/** Where dead letters go, as written; undefined: the connector's own place, if it has one. */
export const deadLetterOf = ({ spec }: Trigger): Keyed | undefined => spec.deadLetter === undefined ? undefined : only(spec.deadLetter.to)

function only (keyed: Readonly<Record<string, unknown>>): Keyed {
  const [[key, values] = ['', {}]] = Object.entries(keyed)
  return { key, values: mapping(values) ?? {} }
}

const mapping = (value: unknown): Readonly<Record<string, unknown>> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Readonly<Record<string, unknown>> : undefined

function oneSource ({ source }: { readonly source: Readonly<Record<string, unknown>> }): Violation[] {
  return exactlyOne('source', [], source, 'for example natsJetstream: {subject: orders.created}')
}

function oneDestination ({ deadLetter }: { readonly deadLetter: { readonly to: Readonly<Record<string, unknown>> } | undefined }): Violation[] {
  return deadLetter === undefined ? [] : exactlyOne('deadLetter', ['to'], deadLetter.to, 'for example azureQueue: {queueName: orders-poison}')
}

function exactlyOne (field: string, below: readonly string[], keyed: Readonly<Record<string, unknown>>, example: string): Violation[] {
  const keys = Object.keys(keyed)
  if (keys.length !== 1) {
    return [{ field, below, message: keys.length === 0 ? 'needs exactly one key' : `needs exactly one key, not ${keys.join(' and ')}`, hint: keys.length === 0 ? example : 'make one Trigger for each' }]
  }
  return keys.filter(key => keyed[key] !== null && mapping(keyed[key]) === undefined)
    .map(key => ({ field, below: [...below, key], code: 'TG_CONFIG_INVALID' as const, message: 'must be a mapping', hint: example }))
}

function scaleBounds ({ min, max }: { readonly min: number, readonly max: number }): Violation[] {
  return min > max ? [{ field: 'min', message: `${min} is more than max, ${max}` }] : []
}

/** It stands beside `source`, so that the open map below a source key belongs to the connector alone. */
function misplacedAuthentication (raw: unknown): Problem[] {
  const source = mapping(mapping(mapping(raw)?.['spec'])?.['source'])
  return Object.entries(source ?? {})
    .filter(([key, values]) => key === 'authenticationRef' || mapping(values)?.['authenticationRef'] !== undefined)
    .map(([key]) => ({
      code: 'TG_CONFIG_UNKNOWN_FIELD', severity: 'error', path: ['spec', 'source', key, ...(key === 'authenticationRef' ? [] : ['authenticationRef'])],
      message: 'no such field here', hint: 'write it as spec.authenticationRef, beside source',
    }))
}
