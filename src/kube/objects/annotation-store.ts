import { errorMessage } from '../../core/errors.js'
import type { Log, StateStore } from '../../runtime/ports.js'
import { ApiError } from '../api/api-error.js'
import { memoryAnnotation, stateAnnotation, type CustomResource } from './custom-resource.js'
import type { KubeHttp } from '../api/http.js'
import type { Revisions } from './revisions.js'
import { objectPath, type Wire } from '../api/wire.js'
import { NotOwner, type Writer } from '../api/writer.js'

export interface AnnotationStoreParts {
  readonly http: KubeHttp
  readonly writer: Writer
  readonly log: Log
  readonly revisions: Revisions
  /** Of the lease: grows with every holder. */
  readonly epoch: () => number
  /** Who speaks for a target, by its `refKey`: that object holds the memory of its unit. */
  readonly speakerFor: (target: string) => CustomResource | undefined
  readonly find: (kind: string, namespace: string, name: string) => CustomResource | undefined
}

/** Where a key is kept: a unit's memory is an annotation of its own, what plugins remember stands together in another. */
interface Place { readonly resource: CustomResource, readonly annotation: string, readonly entry: string | undefined }

/** What we made of one annotation. `passed`: what it was on the way to `text`, all of which the watch may still show. */
interface Written { readonly text: string | undefined, readonly passed: readonly (string | undefined)[] }

const tries = 4
/** More writes than these are not behind the watch: what it shows beside them is another's. */
const mostPassed = 8

/**
 * StateStore in the annotations of the objects it is about: it goes with them, and needs no right beyond theirs. A memory carries the epoch
 * of its writer, `7 {"version":1,…}`; who finds a newer one than his own no longer holds the lease, and neither reads nor writes. One store a term.
 */
export class AnnotationStore implements StateStore {
  readonly #parts: AnnotationStoreParts
  /** Whole annotations as we wrote them, before the watch shows them. */
  readonly #written = new Map<string, Written>()
  #isClosing = false

  constructor (parts: AnnotationStoreParts) { this.#parts = parts }

  /** Rejects with NotOwner where a newer holder of the lease wrote. */
  async get (key: string): Promise<{ readonly value: string, readonly version: string } | undefined> {
    const place = this.#place(key)
    if (place !== undefined && !this.#isClosing) this.#refuseNewer(place.resource.memory)
    const value = place === undefined ? undefined : valueIn(this.#text(place), place.entry)
    return value === undefined ? undefined : { value, version: value }
  }

  /** The term ends: what cannot be written from now on is left to whoever comes next, who knows at least as much. */
  close (): void { this.#isClosing = true }

  /** False where nobody speaks for the target any more: nothing is left to remember. */
  async compareAndSet (key: string, version: string | undefined, value: string): Promise<boolean> {
    try {
      return await this.#change(key, version, value)
    } catch (error) {
      if (!this.#isClosing) throw error
      this.#parts.log.debug({ key, err: errorMessage(error) }, 'not remembered at the end of the term')
      return false
    }
  }

  async delete (key: string): Promise<void> {
    const present = await this.get(key)
    if (present !== undefined) await this.#change(key, present.version, undefined)
  }

  async #change (key: string, expected: string | undefined, value: string | undefined): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      const place = this.#place(key)
      if (place !== undefined) this.#refuseNewer(place.resource.memory)
      if (place === undefined || valueIn(this.#text(place), place.entry) !== expected) return false
      const text = textWith(this.#text(place), place.entry, value, this.#parts.epoch())
      try {
        await this.#patch(place, text)
        return true
      } catch (error) {
        if (!(error instanceof ApiError) || !error.isConflict || attempt === tries) throw error
        await this.#lookAgain(place)
      }
    }
  }

  async #patch (place: Place, text: string | undefined): Promise<void> {
    const { writer, revisions } = this.#parts
    const { resource, annotation } = place
    const { ref, plural, uid } = resource
    const answer = await writer.write<Wire>({
      method: 'PATCH', urgency: annotation === memoryAnnotation ? 'memory' : 'wake', path: objectPath(ref.apiVersion, plural, ref.namespace, ref.name),
      body: { metadata: { uid, resourceVersion: revisions.of(resource), annotations: { [annotation]: text ?? null } } },
    })
    this.#wrote(place, text)
    revisions.wrote(resource, answer?.metadata.resourceVersion)
  }

  /** After a conflict: most often only a status changed. */
  async #lookAgain (place: Place): Promise<void> {
    const { resource, annotation } = place
    const { ref, plural, uid } = resource
    const now = await this.#parts.http.find<Wire>(objectPath(ref.apiVersion, plural, ref.namespace, ref.name), 'wake')
    if (now === undefined || now.metadata.uid !== uid) throw new ApiError(404, 'NotFound', `${ref.kind} ${ref.namespace}/${ref.name} is gone`)
    const { annotations = {} } = now.metadata
    this.#refuseNewer(annotations[memoryAnnotation])
    this.#wrote(place, annotations[annotation])
    this.#parts.revisions.wrote(resource, now.metadata.resourceVersion)
  }

  /** Who only watches has no term, and writes nothing anyway. */
  #refuseNewer (memory: string | undefined): void {
    if (!this.#parts.writer.shadow && epochOf(memory) > this.#parts.epoch()) throw new NotOwner('a newer holder of the lease has written; nothing is written')
  }

  #wrote (place: Place, text: string | undefined): void {
    const key = keyOf(place)
    const passed = [...this.#written.get(key)?.passed ?? [], this.#written.get(key)?.text, shownText(place)]
    this.#written.set(key, { text, passed: [...new Set(passed)].filter(one => one !== text).slice(-mostPassed) })
  }

  /** What we wrote counts until the watch shows it, or what is neither that nor on the way to it: then somebody else has written since. */
  #text (place: Place): string | undefined {
    const key = keyOf(place)
    const shown = shownText(place)
    const written = this.#written.get(key)
    if (written !== undefined && written.passed.includes(shown)) return written.text
    this.#written.delete(key)
    return shown
  }

  #place (key: string): Place | undefined {
    const [family = '', ...rest] = key.split('/')
    if (family === 'memory') {
      const resource = this.#parts.speakerFor(rest.join('/'))
      return resource === undefined ? undefined : { resource, annotation: memoryAnnotation, entry: undefined }
    }
    const [kind = '', namespace = '', name = '', ...entry] = rest
    const resource = this.#parts.find(kind, namespace, name)
    return resource === undefined ? undefined : { resource, annotation: stateAnnotation, entry: entry.join('/') }
  }
}

const keyOf = ({ resource, annotation }: Place): string => `${resource.uid} ${annotation}`
const shownText = ({ resource, annotation }: Place): string | undefined => annotation === memoryAnnotation ? resource.memory : resource.state

function valueIn (text: string | undefined, entry: string | undefined): string | undefined {
  if (text === undefined) return undefined
  return entry === undefined ? text.slice(text.indexOf(' ') + 1) : entriesOf(text)[entry]
}

function textWith (text: string | undefined, entry: string | undefined, value: string | undefined, epoch: number): string | undefined {
  if (entry === undefined) return value === undefined ? undefined : `${epoch} ${value}`
  const { [entry]: _, ...others } = entriesOf(text ?? '{}')
  return JSON.stringify(value === undefined ? others : { ...others, [entry]: value })
}

const epochOf = (text: string | undefined): number => Number(/^(\d+) /.exec(text ?? '')?.[1] ?? 0)

/** What somebody spoiled by hand counts as nothing remembered. */
function entriesOf (text: string): Readonly<Record<string, string>> {
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null ? parsed as Readonly<Record<string, string>> : {}
  } catch (error) {
    if (error instanceof SyntaxError) return {}
    throw error
  }
}
