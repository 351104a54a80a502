import { errorMessage } from '../../core/errors.js'
import { refKey, type Clock, type EventSink, type Log, type ObjectRef, type ObjectStatus, type StatusSink } from '../../runtime/ports.js'
import { Allowance } from '../functions/allowance.js'
import { ApiError } from '../api/api-error.js'
import { conditionEvents } from './condition-events.js'
import { resourceKey, type CustomResource } from './custom-resource.js'
import type { Revisions } from './revisions.js'
import { isNews, isOther, statusOf, type WireStatusBody } from './status-body.js'
import { objectPath, type Wire } from '../api/wire.js'
import { NotOwner, type Writer } from '../api/writer.js'

export interface KubeStatusParts {
  readonly writer: Writer
  readonly revisions: Revisions
  readonly clock: Clock
  readonly log: Log
  readonly find: (ref: ObjectRef) => CustomResource | undefined
  /** Told what turned, once it is written. */
  readonly tell: EventSink['emit']
}

/** Milliseconds between two writes of one object: when a condition turned or a count changed, and when only its words did. */
const turnedMs = 1_000
const wordsMs = 60_000
/** Conditions that turn all the time are written so often at first, and then twice a minute; whether an object works at all is not kept back. */
const turns = { most: 4, everyMs: 30_000 }
/** What is told in one go is written in one. */
const gatherMs = 50
/** An object whose sources are being looked at for the first time has more to say in a moment. */
const openingMs = 3_000
const againMs = 5_000

interface Entry {
  wanted: WireStatusBody
  /** As far as we know what the cluster has: what we wrote, before that what was there. */
  written: WireStatusBody | undefined
  writtenAt: number
  /** The last count that was decided on, and the one that the words in the cluster speak of. */
  count: number | undefined
  countWritten: number | undefined
  /** Whoever takes over has new words for what did not turn: they can wait. */
  readonly knownSince: number
  readonly allowance: Allowance
  dueAt: number
  cancel: () => void
}

const isOpening = ({ conditions = [] }: WireStatusBody): boolean => conditions.some(c => c.type === 'Ready' && c.status === 'Unknown')

/** The status subresource of our kinds: conditions, written when they change. Decisions go to the decision log, numbers to the metrics. */
export class KubeStatus implements StatusSink {
  readonly #parts: KubeStatusParts
  readonly #entries = new Map<string, Entry>()
  readonly #underWay = new Set<Promise<void>>()

  constructor (parts: KubeStatusParts) { this.#parts = parts }

  report (status: ObjectStatus): void {
    const resource = this.#parts.find(status.ref)
    if (resource === undefined || this.#parts.writer.shadow || !['ScaledObject', 'ScaledJob', 'Trigger'].includes(status.ref.kind)) return
    const key = resourceKey(status.ref)
    const entry: Entry = this.#entries.get(key) ?? { wanted: {}, written: resource.status, writtenAt: -Infinity, count: undefined, countWritten: undefined, knownSince: this.#parts.clock.monotonic(), allowance: new Allowance(turns), dueAt: Infinity, cancel: () => undefined }
    this.#entries.set(key, entry)
    entry.count = status.scaling?.decision.replicas ?? entry.count
    entry.countWritten ??= entry.count // whoever takes over has nothing new to say of it
    const { originalReplicaCount = entry.written?.originalReplicaCount } = entry.wanted // as it was found, though it may have been scaled before the first write
    const before = { ...entry.written, ...(originalReplicaCount === undefined ? {} : { originalReplicaCount }) }
    entry.wanted = statusOf(status, resource, before, this.#parts.clock.now())
    this.#plan(status.ref, entry)
  }

  forget (ref: ObjectRef): void {
    this.#entries.get(resourceKey(ref))?.cancel()
    this.#entries.delete(resourceKey(ref))
  }

  /** Begins no more writes; resolves when those that were begun are over. */
  async stop (): Promise<void> {
    for (const { cancel } of this.#entries.values()) cancel()
    this.#entries.clear()
    await Promise.all(this.#underWay)
  }

  #plan (ref: ObjectRef, entry: Entry): void {
    const { clock } = this.#parts
    if (!isOther(entry.wanted, entry.written)) {
      entry.cancel()
      entry.dueAt = Infinity
      return
    }
    const soonest = Math.max(entry.writtenAt + turnedMs, readyTurned(entry) ? 0 : entry.allowance.nextAt(clock.monotonic()))
    const earliest = isNews(entry.wanted, entry.written) || entry.count !== entry.countWritten ? soonest : Math.max(entry.writtenAt, entry.knownSince) + wordsMs
    this.#writeAt(ref, entry, Math.max(clock.monotonic() + (isOpening(entry.wanted) ? openingMs : gatherMs), earliest))
  }

  #writeAt (ref: ObjectRef, entry: Entry, at: number): void {
    if (at >= entry.dueAt) return
    entry.cancel()
    entry.dueAt = at
    entry.cancel = this.#parts.clock.after(at - this.#parts.clock.monotonic(), () => {
      entry.dueAt = Infinity
      const writing = this.#write(ref, entry).finally(() => { this.#underWay.delete(writing) })
      this.#underWay.add(writing)
    })
  }

  async #write (ref: ObjectRef, entry: Entry): Promise<void> {
    const { writer, revisions, clock, log, find } = this.#parts
    const resource = find(ref)
    if (resource === undefined) return
    const { wanted: body, count } = entry
    try {
      entry.writtenAt = clock.monotonic()
      entry.allowance.take(entry.writtenAt)
      const answer = await writer.write<Wire>({
        method: 'PATCH', urgency: 'status', path: objectPath(ref.apiVersion, resource.plural, ref.namespace, ref.name, 'status'),
        body: { metadata: { uid: resource.uid }, status: body },
      })
      for (const event of conditionEvents(entry.written, body, resource)) this.#parts.tell(ref, event)
      entry.written = body
      entry.countWritten = count
      revisions.wrote(resource, answer?.metadata.resourceVersion)
      if (this.#entries.get(resourceKey(ref)) === entry) this.#plan(ref, entry)
    } catch (error) {
      if (error instanceof ApiError && error.isMissing) return
      if (!(error instanceof NotOwner)) log.warn({ object: refKey(ref), err: errorMessage(error) }, 'a status could not be written; trying again')
      if (this.#entries.get(resourceKey(ref)) === entry) this.#writeAt(ref, entry, clock.monotonic() + againMs)
    }
  }
}

const readyTurned = ({ wanted, written }: Entry): boolean => readyOf(wanted) !== readyOf(written)
const readyOf = (status: WireStatusBody | undefined): string | undefined => status?.conditions?.find(c => c.type === 'Ready')?.status
