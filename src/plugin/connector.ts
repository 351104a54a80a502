import type { EpochMs } from '../core/clock.js'
import type { Envelope } from '../core/delivery/types.js'
import type { ComponentInfo } from './component.js'
import type { Kit } from './kit.js'

/** How a delivery ends. `deadLetter` is never settled by the broker alone: the runtime stores the dead letter first, then acks. */
export type Settlement =
  /** Done with; forget it. */
  | { readonly kind: 'ack' }
  /** Hand it out again after this time. */
  | { readonly kind: 'retry', readonly afterMs: number }
  /** Hand it out again at once to anybody: we are stopping, or cannot take it now. */
  | { readonly kind: 'release' }

/** One hand-out of one event. */
export interface Delivery {
  readonly event: Envelope
  /** How often the source handed this event out, this time included, where it counts; else 1. An upper bound of the POSTs made. */
  readonly handOuts: number
  /** For how long the source waits for a settlement before it hands the event out again; absent: for ever. */
  readonly leaseMs?: number
  /** When the source drops the event, settled or not: a retry after that finds nothing. Absent: never, or the source cannot tell. */
  readonly expiresAt?: EpochMs
  /**
   * Called exactly once. Returning (or resolving) means that the settlement is on its way; a lost ack comes back as another hand-out.
   * Throws or rejects where the source is known not to have taken it; the event will be handed out again.
   */
  settle(settlement: Settlement): void | Promise<void>
  /** Still working on it: the lease begins anew. Absent where nothing expires. */
  extend?(): void | Promise<void>
}

/** Promises that status, docs and lint repeat, and that the conformance suite tests. */
export interface Guarantees {
  readonly delivery: 'at-least-once' | 'at-most-once'
  /** `broker`: what is not acked comes back by itself, also after a crash. */
  readonly redelivery: 'broker' | 'none'
  /** The source itself waits before a retry; else the pump keeps the delivery in its slot and waits in process. */
  readonly delayedRetry: boolean
  readonly order: 'none' | 'partition' | 'total'
}

/** What the pump can take now. A connector reads it before each pull. */
export interface Capacity {
  /**
   * How many deliveries may be handed out and not settled at once: ready replicas × perReplica; 1 while the function is at zero
   * (the wake slot); 0 while the Trigger is suspended or its circuit is open. A connector that prefetches keeps no more than
   * this many, or what is surely gone within a tenth of its lease.
   */
  slots(): number
  /** Resolves when `slots()` may have changed, or when the signal aborts. */
  changed(signal: AbortSignal): Promise<void>
}

export interface Connector {
  /**
   * Hands out deliveries, one for each `next()`. The pump calls `next()` only when a slot is free, so back-pressure needs no code here.
   * Returns when the signal aborts or the source ends. Throws when the line is lost; the runtime closes the connector, waits and opens another.
   * What was pulled from the broker and not handed out is released (or comes back by itself after its lease).
   */
  receive(signal: AbortSignal, capacity: Capacity): AsyncIterable<Delivery>
  /** Entries waiting or in flight, where the source can tell: the Trigger's own backlog, for scaling. */
  backlog?(signal: AbortSignal): Promise<number>
  /** Stores an event durably at a destination of this connector's kind, for dead letters. Resolves when it is stored. */
  publish?(event: Envelope, destination: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<void>
  /** When it hands out the next event, where it knows beforehand: schedules. */
  nextAt?(): EpochMs | undefined
  /** Called once, after `receive` has returned and what it handed out is settled. */
  close(): Promise<void>
}

export interface ConnectorDefinition<C = unknown> extends ComponentInfo<C> {
  /** The key below a Trigger's `source`: the type in camelCase. */
  readonly sourceKey: string
  readonly guarantees: Guarantees
  /** Key of `defaults` in tidegate.yaml whose values stand in for fields not written; absent: no defaults. */
  readonly defaultsKey?: string
  /** The field that holds the address, where it may come from `defaults` too: lint says when no place has one. */
  readonly addressField?: string
  /** Where dead letters go when the Trigger names no place, from what is written below its source key; undefined: nowhere, and what is exhausted is held. */
  deadLetterDefault?(source: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>
  /** `open` rejects (TidegateError `TG_SOURCE_…`) when the source is away; the runtime tries again with back-off. */
  open(config: C, kit: Kit): Promise<Connector>
}

export function defineConnector<C> (definition: ConnectorDefinition<C>): ConnectorDefinition<C> { return definition }
