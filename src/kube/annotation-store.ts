import { errorMessage } from '../core/errors.js'
import type { Log, StateStore } from '../runtime/ports.js'
import { ApiError } from './api-error.js'
import { memoryAnnotation, stateAnnotation, type CustomResource } from './custom-resource.js'
import type { KubeHttp } from './http.js'
import type { Revisions } from './revisions.js'
import { objectPath, type Wire } from './wire.js'
import { NotOwner, type Writer } from './writer.js'

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

const tries = 4

/**
 * StateStore in the annotations of the objects it is about: it goes with them, and needs no right beyond theirs. A memory carries the epoch
 * of its writer, `7 {"version":1,…}`; who finds a newer one than his own no longer holds the lease, and writes nothing. One store a term.
 */
export class AnnotationStore implements StateStore {
  readonly #parts: AnnotationStoreParts
  /** Whole annotations as we wrote them, before the watch shows them. */
  readonly #written = new Map<string, string | undefined>()
  #isClosing = false

  constructor (parts: AnnotationStoreParts) { this.#parts = parts }

  async get (key: string): Promise<{ readonly value: string, readonly version: string } | undefined> {
    const place = this.#place(key)
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

  async #patch ({ resource, annotation }: Place, text: string | undefined): Promise<void> {
    const { writer, revisions } = this.#parts
    const { ref, plural, uid } = resource
    const answer = await writer.write<Wire>({
      method: 'PATCH', urgency: annotation === memoryAnnotation ? 'memory' : 'wake', path: objectPath(ref.apiVersion, plural, ref.namespace, ref.name),
      body: { metadata: { uid, resourceVersion: revisions.of(resource), annotations: { [annotation]: text ?? null } } },
    })
    this.#written.set(`${uid} ${annotation}`, text)
    revisions.wrote(resource, answer?.metadata.resourceVersion)
  }

  /** After a conflict: most often only a status changed. */
  async #lookAgain ({ resource, annotation }: Place): Promise<void> {
    const { ref, plural, uid } = resource
    const now = await this.#parts.http.find<Wire>(objectPath(ref.apiVersion, plural, ref.namespace, ref.name), 'wake')
    if (now === undefined || now.metadata.uid !== uid) throw new ApiError(404, 'NotFound', `${ref.kind} ${ref.namespace}/${ref.name} is gone`)
    const text = now.metadata.annotations?.[annotation]
    if (annotation === memoryAnnotation && epochOf(text) > this.#parts.epoch()) throw new NotOwner()
    this.#written.set(`${uid} ${annotation}`, text)
    this.#parts.revisions.wrote(resource, now.metadata.resourceVersion)
  }

  #text ({ resource, annotation }: Place): string | undefined {
    const key = `${resource.uid} ${annotation}`
    return this.#written.has(key) ? this.#written.get(key) : annotation === memoryAnnotation ? resource.memory : resource.state
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
