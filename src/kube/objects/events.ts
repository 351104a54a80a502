import { createHash } from 'node:crypto'
import { errorMessage } from '../../core/errors.js'
import { names } from '../../core/names.js'
import { refKey, type Clock, type EventSink, type Log, type ObjectRef } from '../../runtime/ports.js'
import { collectionPath, microTime } from '../api/wire.js'
import { NotOwner, type Writer } from '../api/writer.js'

type Told = Parameters<EventSink['emit']>[1]

export interface KubeEventsParts {
  readonly writer: Writer
  readonly clock: Clock
  readonly random: () => number
  readonly log: Log
  /** Of this process. */
  readonly instance: string
  /** The uid of an object, so that its events are found by it. */
  readonly uidOf: (ref: ObjectRef) => string | undefined
}

/** The same is not told again within this time, and one object has so many events in it. */
const quietMs = 300_000
const mostOfObject = 25
const mostWaiting = 1000

/** Entries of events.k8s.io. Repetitions are left out rather than counted: the log and the metrics have them all. */
export class KubeEvents implements EventSink {
  readonly #parts: KubeEventsParts
  readonly #recent = new Map<string, { readonly at: number, readonly object: string }>()
  readonly #ofObject = new Map<string, number>()
  readonly #underWay = new Set<Promise<void>>()

  constructor (parts: KubeEventsParts) { this.#parts = parts }

  emit (ref: ObjectRef, event: Told): void {
    if (!this.#parts.writer.open || this.#underWay.size >= mostWaiting || !this.#isNews(ref, event)) return
    const sent = this.#send(ref, event).finally(() => { this.#underWay.delete(sent) })
    this.#underWay.add(sent)
  }

  /** Resolves when what was begun is over. */
  async settled (): Promise<void> { await Promise.all(this.#underWay) }

  #isNews (ref: ObjectRef, { reason, note }: Told): boolean {
    const now = this.#parts.clock.monotonic()
    this.#forgetUntil(now - quietMs)
    const object = refKey(ref)
    const what = createHash('sha1').update(`${object} ${reason} ${note}`).digest('base64')
    const count = this.#ofObject.get(object) ?? 0
    if (this.#recent.has(what) || count >= mostOfObject) return false
    this.#recent.set(what, { at: now, object })
    this.#ofObject.set(object, count + 1)
    return true
  }

  /** Oldest first: a Map keeps the order in which it was filled. */
  #forgetUntil (then: number): void {
    for (const [what, { at, object }] of this.#recent) {
      if (at > then) return
      this.#recent.delete(what)
      const left = (this.#ofObject.get(object) ?? 1) - 1
      if (left === 0) this.#ofObject.delete(object)
      else this.#ofObject.set(object, left)
    }
  }

  async #send (ref: ObjectRef, { type, reason, note }: Told): Promise<void> {
    const { writer, clock, random, log, instance, uidOf } = this.#parts
    const namespace = ref.namespace === '' ? 'default' : ref.namespace
    const uid = uidOf(ref)
    const unique = `${clock.now().toString(16)}${Math.floor(random() * 0xffffffff).toString(16).padStart(8, '0')}`
    try {
      await writer.write({
        method: 'POST', urgency: 'event', path: collectionPath('events.k8s.io/v1', 'events', namespace),
        body: {
          apiVersion: 'events.k8s.io/v1', kind: 'Event', metadata: { name: `${ref.name}.${unique}`, namespace }, eventTime: microTime(clock.now()),
          reportingController: names.group, reportingInstance: instance.slice(0, 128), action: reason, reason, type, note: withinBytes(note, 1024),
          regarding: { apiVersion: ref.apiVersion, kind: ref.kind, namespace: ref.namespace, name: ref.name, ...(uid === undefined ? {} : { uid }) },
        },
      })
    } catch (error) {
      if (!(error instanceof NotOwner)) log.debug({ object: refKey(ref), reason, err: errorMessage(error) }, 'an event could not be written')
    }
  }
}

/** As much of a text as fits; no character is cut. */
function withinBytes (text: string, most: number): string {
  if (Buffer.byteLength(text) <= most) return text
  return Buffer.from(text).subarray(0, most - 4).toString('utf8').replace(/\uFFFD$/, '') + '…'
}
